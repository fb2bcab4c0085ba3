import { CompletableFuture } from '../future/CompletableFuture.ts'
import { createRow, parseRow } from '../log/ids.ts'
import { StoreMismatch } from '../model/errors.ts'
import type { Codec } from '../codec/Codec.ts'
import { textBytes } from '../codec/textBytes.ts'
import { firstUserStore, rowKey, systemStores } from '../ports/rows.ts'
import type { RowReader, Storage } from '../ports/Storage.ts'
import type { StoreDefinition } from '../job/Store.ts'

/** What the storage knows of a store. */
export interface StoreInfo {
  readonly id: number
  readonly kind: string
  readonly key: string
  readonly value: string
  /** Of a map store. */
  readonly subkey?: string | undefined
}

const decoder = new TextDecoder()

/** The row that says what is known of a job's store. */
export const catalogKey = (job: string, store: string): Uint8Array =>
  rowKey(systemStores.stores, 0, textBytes(`${job}/${store}`))

/** The id that the storage gave to a job's store; `undefined` when the job never ran. */
export const storedStoreId = (storage: Pick<Storage, 'rows'>, job: string, store: string): number | undefined => {
  return storedStore(storage, job, store)?.id
}

/** All stores that a job has, or had and were not dropped, by name. */
export const storedStores = (rows: RowReader, job: string): ReadonlyMap<string, StoreInfo> => {
  const prefix = catalogKey(job, '')
  // names have no slash, and the next character after it is the digit zero
  const until = rowKey(systemStores.stores, 0, textBytes(`${job}0`))
  return new Map(
    rows
      .range(prefix, until, { limit: 1_000_000 })
      .map(({ key, value }) => [decoder.decode(key.subarray(prefix.length)), parseRow(value) as StoreInfo]),
  )
}

const storedStore = (storage: Pick<Storage, 'rows'>, job: string, store: string): StoreInfo | undefined => {
  const row = storage.rows.get(catalogKey(job, store))
  return row === undefined ? undefined : (parseRow(row) as StoreInfo)
}

/**
 * The id of a job's store; given to it durably the first time.
 *
 * @throws StoreMismatch when its state was written as another kind or with other codecs
 */
export const ensureStore = (
  storage: Storage,
  job: string,
  store: StoreDefinition<unknown, unknown>,
  key: Codec<unknown>,
): CompletableFuture<number> =>
  createRow(
    storage,
    catalogKey(job, store.name),
    { counter: 'store', first: firstUserStore, count: 1 },
    (id): StoreInfo => ({ id, kind: store.kind, key: key.name, value: store.value.name, subkey: store.subkey?.name }),
  ).thenApply((info) => sameStore(job, store, key, info))

/**
 * Looks whether a store of this name that has state already is the same one; one that has none may be created.
 *
 * @throws StoreMismatch as `ensureStore`
 */
export const requireSameStore = (
  storage: Storage,
  job: string,
  store: StoreDefinition<unknown, unknown>,
  key: Codec<unknown>,
): void => {
  const info = storedStore(storage, job, store.name)
  if (info !== undefined) sameStore(job, store, key, info)
}

/**
 * The id of a store, after a look whether it is the same one.
 *
 * @throws StoreMismatch
 */
export const sameStore = (
  job: string,
  store: StoreDefinition<unknown, unknown>,
  key: Codec<unknown>,
  info: StoreInfo,
): number => {
  const requireSame = (what: string, stored: string | undefined, given: string | undefined): void => {
    if (stored === given) return
    throw new StoreMismatch(
      `job '${job}': store '${store.name}' holds state with ${what} ${stored}, but this job says ${given}; ` +
        'use the stored one, or give the store a new name',
    )
  }
  requireSame('kind', info.kind, store.kind)
  requireSame('key codec', info.key, key.name)
  requireSame('subkey codec', info.subkey, store.subkey?.name)
  requireSame('value codec', info.value, store.value.name)
  return info.id
}
