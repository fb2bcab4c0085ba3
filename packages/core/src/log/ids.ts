import { textBytes } from '../codec/textBytes.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { CommitConflict, StorageFailed } from '../model/errors.ts'
import { commitOf, type Expectation, type RowChange } from '../ports/Commit.ts'
import { rowKey, systemStores } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'

// Rows that hold JSON, and ids that nobody else has: taken from a counter by a commit that expects it as it was read.

/** How often it is tried anew when others take ids at the same moment. */
const attemptsMax = 1_000

/** A range of ids to take from a counter: where the counter begins, and how many are needed. */
export interface IdRange {
  readonly counter: 'partition' | 'store' | 'producer'
  readonly first: number
  readonly count: number
}

/** A number of the counter that nobody else has, or ever had: 1 or more. Costs one commit. */
export const takeId = (storage: Storage, counter: 'producer'): CompletableFuture<number> =>
  retried((): CompletableFuture<number> => {
    const { firstId, expect, row } = nextIds(storage, { counter, first: 1, count: 1 })
    return storage.commit(commitOf({ expect: [expect], rows: [row] })).thenApply(() => firstId)
  })

/**
 * Reads the JSON row under `key`, or writes the one that `make` builds from freshly taken ids, in one commit; safe against
 * others that do the same.
 */
export const createRow = <A>(
  storage: Storage,
  key: Uint8Array,
  ids: IdRange,
  make: (firstId: number) => A,
): CompletableFuture<A> =>
  retried((): CompletableFuture<A> => {
    const present = storage.rows.get(key)
    if (present !== undefined) return CompletableFuture.completed(parseRow(present) as A)
    const { firstId, expect, row } = nextIds(storage, ids)
    const made = make(firstId)
    const commit = commitOf({ expect: [{ key, value: null }, expect], rows: [{ key, value: jsonRow(made) }, row] })
    return storage.commit(commit).thenApply(() => made)
  })

/** @throws StorageFailed when the row does not hold JSON */
export const parseRow = (bytes: Uint8Array): unknown => {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch (cause) {
    throw new StorageFailed('a row of the catalog does not hold JSON: the folder is damaged', { cause })
  }
}

/** Tries anew while others are faster, within bounds. */
export const retried = <A>(attempt: () => CompletableFuture<A>, left: number = attemptsMax): CompletableFuture<A> =>
  CompletableFuture.supply(attempt).exceptionallyCompose((error) =>
    error instanceof CommitConflict && left > 0 ? retried(attempt, left - 1) : CompletableFuture.failed<A>(error),
  )

const nextIds = (
  storage: Storage,
  { counter, first, count }: IdRange,
): { readonly firstId: number; readonly expect: Expectation; readonly row: RowChange } => {
  const key = rowKey(systemStores.counters, 0, textBytes(counter))
  const value = storage.rows.get(key) ?? null
  const firstId = value === null ? first : (parseRow(value) as number)
  return { firstId, expect: { key, value }, row: { key, value: jsonRow(firstId + count) } }
}

const decoder = new TextDecoder()
/** A value as the bytes of a row: JSON. */
export const jsonRow = (value: unknown): Uint8Array => textBytes(JSON.stringify(value))
