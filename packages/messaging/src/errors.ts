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

/** A half message with this id was prepared before; it may be settled already. Nothing was done. */
export class HalfMessageExists extends WeirError {
  readonly _tag = 'HalfMessageExists'
  readonly recovery = 'abort'
}

/** A half message was settled the other way before: the first one to say so has decided. Nothing was done. */
export class HalfMessageSettled extends WeirError {
  readonly _tag = 'HalfMessageSettled'
  readonly recovery = 'abort'
}

/** No half message has this id: none was prepared, or it was settled so long ago that this is not on record any more. */
export class UnknownHalfMessage extends WeirError {
  readonly _tag = 'UnknownHalfMessage'
  readonly recovery = 'abort'
}

/** A checker answered with something else than `commit`, `rollBack` or `unknown`. It counts as `unknown`. */
export class InvalidAnswer extends WeirError {
  readonly _tag = 'InvalidAnswer'
  readonly recovery = 'abort'
}

/** A limiter has no room for one more that waits, or for one more key. Nothing was taken; it may succeed later. */
export class LimitExceeded extends WeirError {
  readonly _tag = 'LimitExceeded'
  readonly recovery = 'retry'
}

/** The handler that was to answer has failed for good. The message says what it said. */
export class RequestFailed extends WeirError {
  readonly _tag = 'RequestFailed'
  readonly recovery = 'abort'
}

/** A reply came that the codecs of its topic cannot read. The request was handled. */
export class InvalidReply extends WeirError {
  readonly _tag = 'InvalidReply'
  readonly recovery = 'abort'
}
