import type { PackedRows } from '../ports/PackedRows.ts'

/** What a task needs of each of its stores, whatever the kind: changes for the commit, and news of its outcome. */
export interface TaskStore {
  /** How many rows `flush` would write now, at most. They are in memory until their commit is durable. */
  readonly changes: number
  /** Adds what changed since the last call to the rows of commit number `commit`. */
  flush(rows: PackedRows, commit: number): void
  /** Commit `commit` and all before it are durable: what they wrote may be dropped from the cache and read again. */
  committed(commit: number): void
}

/**
 * A key as a `Map` can hold it, the same for keys of the same bytes: primitives are themselves, other keys are the text of
 * their bytes. So is zero, of which a map knows one and some codecs know two.
 */
export const mapKeyOf = <K>(key: K, bytesOf: (key: K) => Uint8Array): unknown =>
  (typeof key === 'object' && key !== null) || key === 0 ? textOf(bytesOf(key)) : key

/** A function takes only so many arguments; for fewer bytes this is faster. */
const textOf = (bytes: Uint8Array): string =>
  bytes.length <= 1_024 ? String.fromCharCode(...bytes) : latin1.decode(bytes)

const latin1 = new TextDecoder('latin1')
