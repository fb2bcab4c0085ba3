import type { Headers } from '../model/Headers.ts'
import type { SourceRecord } from './Operator.ts'

/** A span of event time, in milliseconds: `start` is within it, `end` is not. */
export interface Window {
  readonly start: number
  readonly end: number
}

/** A record on its way through a job. */
export interface StreamRecord<K, V> {
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
  /** The window that the value was computed over, after a windowed operator. */
  readonly window: Window | undefined
  /**
   * The record as it was read: its value need not be encoded again when it goes to another topic with the same codec, and
   * is still `storedValue`. So a value is never changed in place; a new one needs no further care.
   */
  readonly stored?: SourceRecord | undefined
  readonly storedValue?: unknown
}
