import type { Failure, Headers } from '@weir/core'

/** What became of a local transaction: it has happened, it never will, or that cannot be said now. */
export type TransactionState = 'commit' | 'rollBack' | 'unknown'

/** How a half message ended. */
export type Settlement = 'committed' | 'rolledBack'

/** A half message that waits for its transaction. */
export interface HalfMessage {
  /** What the local transaction keeps, so that it can be asked for later. */
  readonly id: string
  /** The topic that it is for. */
  readonly topic: string
  /** Who is asked about it; see `HalfMessages.check`. */
  readonly checker: string
  /** In ms since 1970. */
  readonly preparedAtMs: number
  /** When it is asked for next, in ms since 1970. */
  readonly dueAtMs: number
  /** How often it was asked for so far. */
  readonly checks: number
  /** When it is delivered at the earliest, in ms since 1970; at once when absent. */
  readonly deliverAtMs?: number
}

/** A half message as its checker sees it, with the record as it is stored. */
export interface CheckedMessage extends HalfMessage {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Headers
}

/**
 * Says what became of a message's local transaction. Before it says `rollBack` it makes sure that the transaction cannot
 * happen any more, by a mark in the same database that refuses it; see the guide on half messages.
 */
export type Checker = (message: CheckedMessage) => TransactionState | PromiseLike<TransactionState>

/** What had no room in the topic of abandoned messages: parts of a message's record, or all that there is to say of it. */
export type LeftOut = 'value' | 'headers' | 'key' | 'record'

/** What came of the checks that a process made. */
export interface CheckCounts {
  /** Messages that an answer has committed. */
  readonly committed: number
  /** Messages that an answer has rolled back. */
  readonly rolledBack: number
  /** Answers that it cannot be said. */
  readonly unknown: number
  /** Checks that gave no answer. */
  readonly failed: number
  /** Answers that came too late, and were others. */
  readonly contradicted: number
  readonly abandoned: number
  /** Of those that were abandoned, the ones of whose record something was left out. */
  readonly cut: number
}

/** What came of a check, in the process that made it. */
export type CheckReport =
  /** The checker's answer has settled the message, or it cannot say yet. */
  | { readonly _tag: 'Checked'; readonly message: HalfMessage; readonly answer: TransactionState }
  /** The checker threw, answered with something else, or not in time: as `unknown`. */
  | { readonly _tag: 'CheckFailed'; readonly message: HalfMessage; readonly error: Failure }
  /** It was `unknown` `checksMax` times: rolled back. What of its record was too large for the topic of such is left out there. */
  | { readonly _tag: 'Abandoned'; readonly message: HalfMessage; readonly leftOut: ReadonlyArray<LeftOut> }
  /** The checker's answer came after the message had been settled the other way, and changes nothing. */
  | {
      readonly _tag: 'Contradicted'
      readonly message: HalfMessage
      readonly answer: TransactionState
      readonly settled: Settlement
    }
