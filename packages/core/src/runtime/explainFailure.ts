import { whereItFailed } from '../job/attachAll.ts'
import { blamedRecord, isOfWeir } from '../job/blame.ts'
import type { WaitedFailure } from './WaitedRecords.ts'
import { OperatorFailed, WeirError } from '../model/errors.ts'

/** Where a task was when something failed. */
export interface FailurePlace {
  readonly job: string
  readonly topic: string
  readonly partition: number
  /** The record that the operators were at work on, if they were at one. */
  readonly at: number | undefined
  /** The record that has waited on account of which they were at work, if that was so. */
  readonly waited: WaitedFailure | undefined
  /** What is committed, and what is read. */
  readonly from: number
  readonly to: number
}

/** What went wrong, with its place when it was the job's own code: what that throws, or what it cannot send. */
export const explainFailure = (
  cause: unknown,
  { job, topic, partition, at, waited, from, to }: FailurePlace,
): WeirError => {
  if (isOfWeir(cause)) return cause
  const blamed = blamedRecord(cause)
  if (blamed === undefined && waited !== undefined) {
    const record = at === undefined ? undefined : { topic, partition, offset: at }
    const on = at === undefined ? 'on a record that had waited' : `at offset ${at}`
    return rememberWaited(
      new OperatorFailed(
        `job '${job}': code of ${whereItFailed(cause)} threw in '${topic}' partition ${partition} ${on}; ` +
          `nothing of its batch was committed. It said: ${reasonOf(cause)}`,
        { cause, record },
      ),
      waited,
    )
  }
  const record = blamed ?? (at === undefined ? undefined : { topic, partition, offset: at })
  const where = record === undefined ? `between offsets ${from} and ${to}` : `at offset ${record.offset}`
  return new OperatorFailed(
    `job '${job}': code of ${whereItFailed(cause)} threw in '${record?.topic ?? topic}' partition ${partition} ${where}; ` +
      `nothing of its batch was committed. It said: ${reasonOf(cause)}`,
    { cause, record },
  )
}

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const rememberWaited = (error: OperatorFailed, waited: WaitedFailure): OperatorFailed => {
  failures.set(error, waited)
  return error
}

/** The record that had waited on which code of an operator threw; `undefined` when it was none. */
export const waitedRecordOf = (error: WeirError): WaitedFailure | undefined => failures.get(error)

const failures = new WeakMap<WeirError, WaitedFailure>()

/** As `explainFailure`, for code that threw before the first record. */
export const explainStart = (
  cause: unknown,
  { job, topic, partition }: Pick<FailurePlace, 'job' | 'topic' | 'partition'>,
): WeirError =>
  cause instanceof WeirError
    ? cause
    : new OperatorFailed(
        `job '${job}': code of ${whereItFailed(cause)} threw in '${topic}' partition ${partition} ` +
          `before its first record: ${String(cause)}`,
        { cause },
      )
