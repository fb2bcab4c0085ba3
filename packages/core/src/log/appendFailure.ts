import { InvariantViolated, StorageFailed, StorageStalled, WeirError } from '../model/errors.ts'

/** Whether the storage may have applied what it failed with this. */
export const isUnknown = (error: unknown): boolean =>
  !(error instanceof WeirError) ||
  error instanceof StorageFailed ||
  error instanceof StorageStalled ||
  error instanceof InvariantViolated

/** Whether nothing more can be appended after this. */
export const isFinal = (error: unknown): boolean => !(error instanceof WeirError) || error.recovery === 'stop'

/** The failure as one of Weir's. */
export const failureOf = (error: unknown): WeirError =>
  error instanceof WeirError ? error : new StorageFailed('the storage failed', { cause: error })
