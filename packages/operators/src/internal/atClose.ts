import type { StreamRecord, Window } from '@weir/core'

/** A window's result, as of its own time, not of the one that has come, in which the windows behind its operator could be over. */
export const atClose = <K, A>(key: K, value: A, window: Window): StreamRecord<K, A> => {
  const timestamp = window.end - 1
  return { key, value, timestamp, watermark: timestamp, headers: null, window, stored: undefined }
}
