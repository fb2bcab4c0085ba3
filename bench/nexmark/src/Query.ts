import type { Job, Topic } from '@weir/core'
import type { Event } from './generate.ts'
import type { Bid } from './model.ts'

/** A result: its values by column. */
export type Result = Readonly<Record<string, number | string>>

/** One question, asked three times: of Weir, of DuckDB, and of a loop in memory. */
export interface Query {
  /** As it is known: `q5`. */
  readonly name: string
  readonly title: string
  readonly job: Job
  /** The kinds of events that it is about. */
  readonly reads: ReadonlyArray<Event['kind']>
  /** By processing time results depend on when events arrive, so that they are sent by a clock of the check: see `arrivals`. */
  readonly time?: 'processing'
  /** What results by processing time add up to, whenever events arrive. */
  readonly totals?: {
    readonly sql: string
    readonly of: (results: ReadonlyArray<Result>) => ReadonlyArray<Result>
  }
  readonly output: Topic<number, any> // oxlint-disable-line typescript/no-explicit-any -- each query has results of its own
  /**
   * `all`: each record of the output is a result. `last`: the output is a table that grows and changes; its result is the last
   * record of each key.
   */
  readonly result: 'all' | 'last'
  /**
   * Over the tables `person`, `auction` and `bid`, each with the columns of its records, `arrival`: when it was appended, and `watermark`: the
   * event time that its partition had reached by then. Its columns are named as those of the results.
   */
  readonly sql: string
  /** The results without a log, state, or commits, for events that are in the order of time. */
  readonly inMemory: (events: ReadonlyArray<Event>) => ReadonlyArray<Result>
}

/** The bids among the events. */
export const bidsOf = (events: ReadonlyArray<Event>): ReadonlyArray<Bid> =>
  events.flatMap((event) => (event.kind === 'bid' ? [event.value] : []))
