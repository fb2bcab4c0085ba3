import { invariant, type Job, type ProducerRecord, type RunOptions } from '@weir/core'
import type { FaultPlan } from '../Fault.ts'
import { Driver } from '../internal/Driver.ts'
import { virtualClock } from '../virtualClock.ts'
import { committedOf, type CommittedState } from './committedOf.ts'
import type { LawOptions } from './LawInput.ts'

/** Records that are appended to one source in one commit. */
export interface LawAppend {
  /** Which of the law's inputs. */
  readonly input: number
  readonly records: ReadonlyArray<ProducerRecord<unknown, unknown>>
  /** Whether the job settles before what comes next. */
  readonly settles: boolean
}

/** One run of a job under a law. */
export interface LawRun {
  readonly appends: ReadonlyArray<LawAppend>
  readonly run: Omit<RunOptions, 'member' | 'until'>
  readonly workers: number
  readonly faults: FaultPlan
}

/** What a run has committed when all input is processed, and when the job has come to its end. */
export interface LawOutcome {
  readonly atRest: CommittedState
  readonly atEnd: CommittedState
}

/** How often workers are started again before the run is given up. */
const restartsMax = 1_000

/** How far time moves on after each settling, so that what is tried again later is tried. */
const retryMs = 1_000

/**
 * Runs a job over the appends, starting crashed workers again, first as it would in production and then to its end.
 *
 * @throws what the job failed with
 */
export const runJob = async (job: Job, { inputs, ...options }: LawOptions, run: LawRun): Promise<LawOutcome> => {
  const driver = await Driver.open(job, { ...run, clock: virtualClock() })
  try {
    await driver.start()
    for (const { input, records, settles } of run.appends) {
      if (records.length > 0) await driver.append(inputs[input]!.topic, records)
      if (settles) await rest(driver)
    }
    await rest(driver)
    const atRest = await committedOf(driver, { inputs, ...options })
    await driver.stop()
    await driver.start('end')
    await rest(driver, 'end')
    return { atRest, atEnd: await committedOf(driver, { inputs, ...options }) }
  } finally {
    driver.crash()
    await driver.close()
  }
}

/** Settles until every worker is at work (or at its end) and has nothing left to do. */
const rest = async (driver: Driver, until?: 'end'): Promise<void> => {
  const struckCount = (): number => driver.workers.reduce((sum, worker) => sum + worker.struckCount, 0)
  const isWell = (): boolean => (until === 'end' ? driver.hasEnded : driver.isRunning)
  for (let restarts = 0; restarts < restartsMax; restarts++) {
    const struckBefore = struckCount()
    await driver.advance(retryMs)
    const crashed = driver.workers.find(({ state }) => state === 'crashed')
    if (crashed !== undefined) await driver.start(until, crashed)
    else if (isWell() && struckCount() === struckBefore) return
  }
  const states = driver.workers.map(({ state }) => state).join(', ')
  invariant(
    false,
    `job '${driver.job.name}' comes to rest within ${restartsMax} restarts: workers are ${states}, lag ${driver.metrics().lag}`,
  )
}
