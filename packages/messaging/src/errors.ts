import { WeirError } from '@weir/core'

/** The exchange is not in the storage: it was removed. Nothing was done. */
export class UnknownExchange extends WeirError {
  readonly _tag = 'UnknownExchange'
  readonly recovery = 'abort'
}

/** An exchange is there with another type or other codecs than the definition says, or than a target has. */
export class ExchangeMismatch extends WeirError {
  readonly _tag = 'ExchangeMismatch'
  readonly recovery = 'abort'
}

/** A topic pattern has an empty word, or a `*` or `#` within a word. */
export class InvalidPattern extends WeirError {
  readonly _tag = 'InvalidPattern'
  readonly recovery = 'abort'
}

/** The function of a custom exchange threw, or named a target that is not bound. The record was not appended. */
export class RouteFailed extends WeirError {
  readonly _tag = 'RouteFailed'
  readonly recovery = 'abort'
}

/** A record that was published as mandatory matches no binding. It was not appended. */
export class Unroutable extends WeirError {
  readonly _tag = 'Unroutable'
  readonly recovery = 'abort'
}
