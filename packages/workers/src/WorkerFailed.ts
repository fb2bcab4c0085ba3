import { WeirError } from '@weir/core'

/** A worker ended again and again without getting anything done, or with an error that Weir does not know. */
export class WorkerFailed extends WeirError {
  readonly _tag = 'WorkerFailed'
  readonly recovery = 'stop'
}
