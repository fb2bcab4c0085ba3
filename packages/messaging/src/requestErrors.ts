import { WeirError } from '@weir/core'

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
