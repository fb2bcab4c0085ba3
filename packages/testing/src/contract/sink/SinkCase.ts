import type { Sink, SinkPlace, SinkRecord, SinkWriter } from '@weir/core'

/** What a sink under test is given, and what it is to show: text. */
export type TextSink = Sink<string, string | null>

/** The writer of a sink under test. */
export type TextWriter = SinkWriter<string, string | null>

/** A record for a sink under test. */
export type TextRecord = SinkRecord<string, string | null>

/** One record as somebody who looks at the outside sees it. */
export interface SinkRow {
  readonly key: string
  readonly value: string | null
}

/** A promise of the port of sinks, and the test of it. */
export interface SinkCase {
  readonly name: string
  /** @param fresh - gives another outside, empty too */
  readonly run: (outside: Outside, fresh: () => Promise<Outside>) => Promise<void>
}

/** The outside under test: empty at first. What is opened here is closed after the case. */
export interface Outside {
  /** Opens a partition; by default the first one of `place`. */
  readonly open: (place?: Partial<SinkPlace>) => Promise<TextWriter>
  /** Closes a writer: each is closed once. */
  readonly close: (writer: TextWriter) => Promise<void>
  /** What is there of a partition, in order. */
  readonly rows: (place?: Partial<SinkPlace>) => Promise<ReadonlyArray<SinkRow>>
  /** Lets time pass by the clock that writers are given. */
  readonly advance: (ms: number) => Promise<void>
}
