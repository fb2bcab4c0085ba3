import { WeirError } from '@weir/core'

/** An exchange was bound or published to under a name and type that the storage does not have. */
export class UnknownExchange extends WeirError {
  readonly _tag = 'UnknownExchange'
  readonly recovery = 'abort'
}
