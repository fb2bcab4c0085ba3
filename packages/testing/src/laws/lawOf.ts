import type { Job } from '@weir/core'
import fc from 'fast-check'
import type { FaultPlan } from '../Fault.ts'
import type { DiskState } from '../internal/DiskState.ts'
import type { Divergence } from './Committed.ts'
import type { LawHistory } from './LawHistory.ts'
import { type LawOptions, requireInputs, requireLawOptions, requireSinks } from './LawInput.ts'
import { type LawOutcome, LawRun, preparedDisk } from './runHistory.ts'
import { show } from './show.ts'

/** A law over a job: a property of fast-check, for `assertLaw` or `fc.assert`. */
export type Law<Given> = fc.IAsyncPropertyWithHooks<[Given]>

/** A law, as data: which histories it draws, how the job runs over them, and what must hold of the runs. */
export interface LawStatement<Given> {
  /** Its name, and what it says of a job. */
  readonly name: string
  /** Asked for once the inputs are known to be right. */
  readonly given: () => fc.Arbitrary<Given>
  /** The run that is judged. */
  readonly judged: (given: Given) => LawHistory
  /** The run that it is compared with, if it is. */
  readonly reference?: (given: Given) => LawHistory
  /** What is wrong, if anything is. */
  readonly judge: (found: LawOutcome, reference: LawOutcome | undefined) => Divergence | undefined
}

/**
 * Makes the property.
 *
 * @throws InvalidJob for what is no job; InvalidOption for an option that no law has, for inputs that are no sources of the job, or none, and for sinks that
 *   are not in memory
 */
export const lawOf = <Given extends object>(job: Job, options: LawOptions, law: LawStatement<Given>): Law<Given> => {
  requireLawOptions(law.name, job, options)
  requireInputs(job, options.inputs)
  requireSinks(job, options.sinks)
  const readable = law.given().map((given) =>
    Object.defineProperty(given, fc.toStringMethod, {
      value: () => describeHistory(law.judged(given), options.faults),
      enumerable: false,
    }),
  )
  // every reference begins as a run on an empty disk would, without doing it again
  let prepared: DiskState | undefined
  const refer = async (history: LawHistory): Promise<LawOutcome> => {
    prepared ??= await preparedDisk(job, options.sinks)
    return completed(law, job, history, new LawRun(job, { ...options, faults: [] }, history, prepared.copy()))
  }
  return fc.asyncProperty(readable, async (given) => {
    const history = law.judged(given)
    const reference = law.reference === undefined ? undefined : await refer(law.reference(given))
    const run = new LawRun(job, options, history)
    const found = await completed(law, job, history, run)
    const divergence = law.judge(found, reference)
    if (divergence !== undefined) throw new Error(reportOf(law, job, history, run, divergence))
  })
}

const completed = async <Given>(
  law: LawStatement<Given>,
  job: Job,
  history: LawHistory,
  run: LawRun,
): Promise<LawOutcome> => {
  try {
    return await run.run()
  } catch (cause) {
    const text = `the job failed: ${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}`
    throw new Error(reportOf(law, job, history, run, { text }), { cause })
  }
}

const reportOf = <Given>(
  { name }: LawStatement<Given>,
  job: Job,
  history: LawHistory,
  run: LawRun,
  { text, record }: Divergence,
): string =>
  [
    `${name} does not hold for job '${job.name}'`,
    ...text.split('\n').map((line) => `  ${line}`),
    `${describeHistory(history, run.faults)}:`,
    run.timeline(record),
  ].join('\n')

/** A history in one line: how much there is of it, what differs from the defaults, and how many rules of faults came from outside. */
const describeHistory = (
  { steps, workers, run, faults, slowness, picks }: LawHistory,
  rules: FaultPlan = [],
): string => {
  const records = steps.reduce((sum, step) => sum + (step.kind === 'append' ? step.records.length : 0), 0)
  const { chance, of, seed } = slowness
  return [
    counted(records, 'record'),
    counted(faults.length, 'fault'),
    ...(rules.length === 0 ? [] : [`${counted(rules.length, 'rule')} of your own`]),
    counted(workers, 'worker'),
    ...(Object.keys(run).length === 0 ? [] : [show(run)]),
    ...(chance === 0 ? [] : [`${of}s are slow with chance ${chance} (seed ${seed})`]),
    ...(picks.length === 0 ? [] : [`picks ${show(picks)}`]),
  ].join(', ')
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
