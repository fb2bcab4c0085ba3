import { type ConsumedRecord, invariant, type Job, type RecordMetadata, type Topic } from '@weir/core'
import type { FaultPlan } from '../Fault.ts'
import { DiskState } from '../internal/DiskState.ts'
import { Driver } from '../internal/Driver.ts'
import type { DriverWorker } from '../internal/DriverWorker.ts'
import type { CommitListener } from '../internal/FaultInjector.ts'
import { readTopic } from '../internal/readTopic.ts'
import { type MemoryDisk, memoryDisk } from '../MemoryDisk.ts'
import { memoryStorage } from '../memoryStorage.ts'
import { type VirtualClock, virtualClock } from '../virtualClock.ts'
import { type Committed, committedOf } from './Committed.ts'
import type { JournalEntry } from './Journal.ts'
import { type LawHistory, type LawRecords, type LawStep, planOf, workersOf } from './LawHistory.ts'
import type { LawOptions } from './LawInput.ts'
import { placesOf, timelineOf } from './timeline.ts'

/** What a run has committed when all input is processed, and when the job has come to its end. */
export interface LawOutcome {
  readonly atRest: Committed
  readonly atEnd: Committed
  /** What was read, by input: as it lies in the log. */
  readonly inputs: ReadonlyArray<ReadonlyArray<ConsumedRecord<unknown, unknown>>>
}

/** How often workers are started again before the run is given up. */
const restartsMax = 1_000

/** How far time moves on after each settling, so that what is tried again later is tried. */
const retryMs = 1_000

/** A job on its way through a history, and what happened so far: also after a failure. */
export class LawRun {
  readonly #journal: JournalEntry[] = []
  readonly #job: Job
  readonly #options: LawOptions
  readonly #history: LawHistory
  readonly #clock: VirtualClock
  readonly #disk: MemoryDisk

  constructor(job: Job, options: LawOptions, history: LawHistory, disk: MemoryDisk = memoryDisk()) {
    this.#disk = disk
    this.#job = job
    this.#options = options
    this.#history = history
    this.#clock = virtualClock(0, { picks: history.picks })
  }

  /** Faults of the user's own. */
  get faults(): FaultPlan {
    return this.#options.faults ?? []
  }

  /** What happened so far, in lines; see `timelineOf`. */
  timeline(marked: ConsumedRecord<unknown, unknown> | undefined): string {
    const storage = memoryStorage({ disk: this.#disk, clock: this.#clock })
    return timelineOf(this.#journal, placesOf(this.#job, storage), marked)
  }

  /**
   * Runs the job over the history, starting crashed workers again, first as it would in production and then to its end.
   *
   * @throws what the job failed with; RecordsSetAside
   */
  async run(): Promise<LawOutcome> {
    const { workers, steps } = this.#history
    const isKilled = steps.some(({ kind }) => kind === 'kill')
    // the others notice at their next look, an eighth of a lease later
    const run = isKilled ? { leaseMs: 7 * retryMs, ...this.#history.run } : this.#history.run
    const { badRecords, sinks } = this.#options
    clearAll(sinks)
    const driver = await Driver.open(this.#job, {
      run,
      workers: workersOf(this.#history),
      faults: planOf(this.#history, this.faults),
      clock: this.#clock,
      disk: this.#disk,
      onCommit: (worker) => this.#committed(worker),
      ...(badRecords === undefined ? {} : { badRecords }),
    })
    try {
      await this.#start(driver, driver.workers.slice(0, workers))
      for (const step of this.#history.steps) await this.#take(driver, step)
      driver.clock.setWallClock(driver.clock.monotonic())
      await driver.advance(this.#history.restMs)
      await this.#rest(driver)
      const atRest = committedOf(driver, sinks)
      // nothing is under way, so an end in order would only take longer
      driver.crash()
      this.#note('the job is at rest; a run to the end begins')
      await this.#start(driver, driver.workers.slice(0, workers), 'end')
      await this.#rest(driver, 'end')
      return { atRest, atEnd: committedOf(driver, sinks), inputs: this.#options.inputs.map(readIn(driver)) }
    } finally {
      driver.crash()
      driver.weir.storage.close()
    }
  }

  async #take(driver: Driver, step: LawStep): Promise<void> {
    switch (step.kind) {
      case 'append': {
        const { topic } = this.#options.inputs[step.input]!
        for (const records of this.#cut(step.records)) await this.#append(driver, topic, records)
        break
      }
      case 'clock':
        this.#note(`the wall clock is set ${step.byMs > 0 ? 'forward' : 'back'} by ${Math.abs(step.byMs)} ms`)
        return driver.clock.setWallClock(driver.clock.now() + step.byMs)
      case 'join':
        await this.#join(driver, driver.workers[step.worker]!)
        break
      case 'leave':
      case 'kill':
        this.#part(driver, step.kind, step.worker)
    }
    if (step.settles) await this.#rest(driver)
    else await driver.clock.settle()
  }

  /** A stored batch is processed as a whole: with small batches records are stored so too, and a crash may come between any two. */
  #cut(records: LawRecords): ReadonlyArray<LawRecords> {
    const { batchRecordsMax = records.length } = this.#history.run
    return Array.from({ length: Math.ceil(records.length / batchRecordsMax) }, (_, piece) =>
      records.slice(piece * batchRecordsMax, (piece + 1) * batchRecordsMax),
    )
  }

  async #join(driver: Driver, worker: DriverWorker): Promise<void> {
    if (worker.state === 'ended') await this.#start(driver, [worker])
  }

  #part(driver: Driver, how: 'leave' | 'kill', index: number): void {
    const worker = driver.workers[index]!
    const others = driver.workers.filter((other) => other !== worker && other.state === 'running')
    if (worker.state !== 'running' || others.length === 0) return
    this.#note(`worker ${index} ${how === 'leave' ? 'leaves' : 'is killed, and stays away'}`)
    if (how === 'kill') worker.kill()
    else worker.stop()
  }

  async #start(driver: Driver, workers: ReadonlyArray<DriverWorker>, until?: 'end'): Promise<void> {
    for (const worker of workers) {
      this.#note(`worker ${driver.workers.indexOf(worker)} starts`)
      driver.begin(worker, until)
    }
    await driver.clock.settle()
  }

  /** Settles until every worker is at work (or at its end) and has nothing left to do. */
  async #rest(driver: Driver, until?: 'end'): Promise<void> {
    const struckCount = (): number => driver.workers.reduce((sum, worker) => sum + worker.struckCount, 0)
    const isWell = (): boolean => (until === 'end' ? driver.hasEnded : driver.isRunning)
    for (let restarts = 0; restarts < restartsMax; restarts++) {
      const struckBefore = struckCount()
      await driver.advance(retryMs)
      const crashed = driver.workers.find(({ state }) => state === 'crashed')
      if (crashed !== undefined) await this.#start(driver, [crashed], until)
      else if (isWell() && struckCount() === struckBefore) return
    }
    const states = driver.workers.map(({ state }) => state).join(', ')
    invariant(
      false,
      `job '${driver.job.name}' comes to rest within ${restartsMax} restarts: workers are ${states}, lag ${driver.metrics().lag}`,
    )
  }

  #note(text: string): void {
    this.#journal.push({ kind: 'note', atMs: this.#clock.monotonic(), text })
  }

  async #append(driver: Driver, topic: Topic<unknown, unknown>, records: LawRecords): Promise<void> {
    const placed: RecordMetadata[] = []
    // what the job does with them comes after them
    this.#journal.push({ kind: 'append', atMs: this.#clock.monotonic(), topic: topic.name, records, placed })
    placed.push(...(await driver.append(topic, records)))
  }

  #committed(worker: number): CommitListener {
    let number = 0
    return ({ positions, append }, fault, committed, error) => {
      const appends = (committed?.appends ?? []).map((appended, index) => ({ append: append[index]!, appended }))
      const failure = error === undefined ? undefined : (error as Error).name
      const atMs = this.#clock.monotonic()
      this.#journal.push({ kind: 'commit', atMs, worker, number: ++number, positions, appends, fault, failure })
    }
  }
}

const clearAll = (sinks: LawOptions['sinks'] = []): void => {
  for (const sink of sinks) sink.clear()
}

/** A disk on which the job has started once, and nothing else has happened. */
export const preparedDisk = async (job: Job, sinks: LawOptions['sinks']): Promise<DiskState> => {
  clearAll(sinks)
  const disk = new DiskState()
  const driver = await Driver.open(job, { clock: virtualClock(), disk })
  await driver.start()
  driver.requireWell()
  driver.crash()
  driver.weir.storage.close()
  return disk
}

const readIn =
  (driver: Driver) =>
  ({ topic }: LawOptions['inputs'][number]): ReadonlyArray<ConsumedRecord<unknown, unknown>> =>
    readTopic(driver.weir.storage, topic)
