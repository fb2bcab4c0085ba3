import * as core from '@weir/core'
import { WorkerFailed } from '../WorkerFailed.ts'
import type { Failure } from './protocol.ts'

/** An error as data, to be sent to another thread or process. */
export const toFailure = (error: unknown): Failure => {
  if (error instanceof core.WeirError) {
    return { tag: error._tag, recovery: error.recovery, message: error.message, stack: error.stack }
  }
  if (error instanceof Error) return { tag: error.name, message: error.message, stack: error.stack }
  return { tag: 'Error', message: String(error) }
}

/** The error again: of the same class when it is one of Weir's, else a `WorkerFailed` that names it. Its cause has the worker's stack. */
export const toError = (failure: Failure): core.WeirError => {
  const cause = failure.stack === undefined ? {} : { cause: new Error(failure.stack) }
  const known = (core as unknown as Record<string, unknown>)[failure.tag]
  return isErrorClass(known)
    ? new known(failure.message, cause)
    : new WorkerFailed(`a worker failed with ${failure.tag}: ${failure.message}`, cause)
}

const isErrorClass = (value: unknown): value is new (message: string, options: ErrorOptions) => core.WeirError =>
  typeof value === 'function' && value.prototype instanceof core.WeirError

const endOfStorage: ReadonlySet<string> = new Set(['StorageFailed', 'StorageStalled', 'StorageClosed'])

/**
 * Whether a new worker may succeed where this one failed: it opens the storage anew and goes back to the last commit,
 * which is what these failures ask for. Any other would only come again, or means that someone else runs the job.
 */
export const isRecoverable = ({ tag, recovery }: Failure): boolean =>
  recovery === 'retry' || recovery === 'restart' || endOfStorage.has(tag)
