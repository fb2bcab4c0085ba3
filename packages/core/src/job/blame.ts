import type { FailedRecord } from '../model/errors.ts'

/**
 * Says which record an error is about, when it comes later than that record: an operator whose work is asynchronous takes
 * `context.place()` when the record comes, and fails with what this gives.
 */
export const blame = (error: unknown, record: FailedRecord): Error => {
  const blamed = error instanceof Error ? error : new Error(String(error))
  if (!records.has(blamed)) records.set(blamed, record)
  return blamed
}

/** The record that an error is about, as far as `blame` was told. */
export const blamedRecord = (error: unknown): FailedRecord | undefined =>
  error instanceof Error ? records.get(error) : undefined

const records = new WeakMap<Error, FailedRecord>()
