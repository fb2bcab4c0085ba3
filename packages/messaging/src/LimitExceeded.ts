import { WeirError } from '@weir/core'

/** A limiter has no room for one more that waits, or for one more key. Nothing was taken; it may succeed later. */
export class LimitExceeded extends WeirError {
  readonly _tag = 'LimitExceeded'
  readonly recovery = 'retry'
}
