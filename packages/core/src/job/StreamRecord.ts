import type { Headers } from '../model/Headers.ts'

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
   * The value as it was read: text or bytes that need not be encoded again when the record goes to another topic with the
   * same codec and its value is still `encodedOf`. So a value is never changed in place; a new one needs no further care.
   */
  readonly encodedValue?: string | Uint8Array | null | undefined
  readonly encodedOf?: unknown
}
