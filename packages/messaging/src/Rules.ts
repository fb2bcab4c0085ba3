import type { ExchangeType } from './exchange.ts'

/** What a binding says beside its target, by the type of the exchange. */
export interface Rules {
  /** The record's routing key is this one. */
  readonly direct: { readonly routingKey: string }
  /** The record's routing key fits the pattern: words between dots, `*` for one word, `#` for any number of words, also none. */
  readonly topic: { readonly pattern: string }
  /** Every record. */
  readonly fanout: Readonly<Record<string, never>>
  /** The record has all of the headers (by default), or any of them; with `null` the header's presence is enough. */
  readonly headers: {
    readonly headers: Readonly<Record<string, string | null>>
    readonly match?: 'all' | 'any'
  }
  /** The target's share in relation to the others'; 1 by default. */
  readonly hash: { readonly weight?: number }
  /** Whatever the exchange's own function wants to know. */
  readonly custom: { readonly parameters?: Readonly<Record<string, string>> }
}

/** A target and what it is bound by. */
export interface Binding<T extends ExchangeType = ExchangeType> {
  /** The name of a topic. */
  readonly target: string
  readonly rule: Rules[T]
}
