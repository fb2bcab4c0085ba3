import {
  EncodeFailed,
  type FailedRecord,
  InvalidOption,
  RecordTooLarge,
  TerminalError,
  WeirError,
} from '../model/errors.ts'

/** What was thrown, as an error. */
export const errorOf = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

/** Of Weir's kinds those that say something of the job's own code. */
const ownKinds = [EncodeFailed, RecordTooLarge, InvalidOption, TerminalError] as const

/** Whether what was thrown says something of Weir, and so what is to be done, and nothing of the job's own code. */
export const isOfWeir = (thrown: unknown): thrown is WeirError =>
  thrown instanceof WeirError && !ownKinds.some((kind) => thrown instanceof kind)

/** Says which record an error is about, when it comes later than that record. */
export const blame = (error: unknown, record: FailedRecord): Error => {
  const blamed = errorOf(error)
  if (!records.has(blamed)) records.set(blamed, record)
  return blamed
}

/** The record that an error is about, as far as `blame` was told. */
export const blamedRecord = (error: unknown): FailedRecord | undefined =>
  error instanceof Error ? records.get(error) : undefined

const records = new WeakMap<Error, FailedRecord>()
