import type { Headers } from '../model/Headers.ts'
import type { SourceRecord } from './Operator.ts'

/** A span of event time, in milliseconds: `start` is within it, `end` is not. */
export interface Window {
  readonly start: number
  readonly end: number
}

/** The window of a record that may be without one. */
export type WindowOrNone = Window | undefined

/**
 * A record on its way through a job.
 *
 * @typeParam W - of its window: `Window` behind a windowed operator; else it may be without one
 */
export interface StreamRecord<K, V, W = WindowOrNone> {
  readonly key: K
  readonly value: V
  /** Event time in milliseconds since 1970. */
  readonly timestamp: number
  /**
   * How far event time had come in the record's own source partition when it was read there, itself included.
   * It depends on the source alone, not on batches, workers or crashes: what is late is late in every run.
   */
  readonly watermark: number
  readonly headers: Headers | null
  /** The window that the value was computed over, behind a windowed operator, until the record goes through a topic. */
  readonly window: W
  /**
   * The record as it was read: its value need not be encoded again when it goes to another topic with the same codec, and
   * is still `storedValue`. So a value is never changed in place; a new one needs no further care.
   */
  readonly stored?: SourceRecord | undefined
  readonly storedValue?: unknown
}
