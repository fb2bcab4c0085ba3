import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { chainRec } from '../future/chainRec.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { jsonRow, parseRow } from '../log/ids.ts'
import { InvalidJob } from '../model/errors.ts'
import { commitOf, type RowChange } from '../ports/Commit.ts'
import { rowKey, rowKeyEnd, systemStores } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { changeAtRest } from './changeAtRest.ts'
import { catalogKey, storedStores } from './storeCatalog.ts'

/** So many rows are removed by a commit. */
const removedRowsMax = 512

/** Where the ids of stores stand that are dropped and may still have rows: beside the catalog, in a partition of their own. */
const droppedPartition = 1

/** @throws InvalidJob; see `Weir.dropStore` */
export const dropStore = (storage: Storage, job: string, store: string): CompletableFuture<void> =>
  changeAtRest(storage, job, (next) => {
    const stored = storedStores(storage.rows, job)
    const info = stored.get(store)
    if (info === undefined) {
      const known = [...stored.keys()].map((name) => `'${name}'`).join(', ')
      throw new InvalidJob(`job '${job}' has no store '${store}' here; expected ${known || 'a job that has run'}`)
    }
    const dropped = rowKey(systemStores.stores, droppedPartition, jsonRow(info.id))
    return {
      next,
      rows: [
        { key: catalogKey(job, store), value: null },
        { key: dropped, value: jsonRow(info.id) },
      ],
    }
  }).thenCompose(() => removeDropped(storage))

/** Removes the rows of all stores that were dropped, also by those who did not come to the end of it. */
const removeDropped = (storage: Storage): CompletableFuture<void> =>
  chainRec(undefined, (): CompletableFuture<Either<undefined, void>> => {
    const [dropped] = storage.rows.range(
      rowKey(systemStores.stores, droppedPartition, noKey),
      rowKeyEnd(systemStores.stores, droppedPartition),
      { limit: 1 },
    )
    if (dropped === undefined) return CompletableFuture.completed(right(undefined))
    const id = parseRow(dropped.value) as number
    const found = storage.rows.range(rowKey(id, 0, noKey), rowKeyEnd(id, 0xffff_ffff), { limit: removedRowsMax })
    const rows: RowChange[] = found.map(({ key }) => ({ key, value: null }))
    if (rows.length < removedRowsMax) rows.push({ key: dropped.key, value: null })
    return storage.commit(commitOf({ rows })).thenApply(() => left(undefined))
  })

const noKey = new Uint8Array(0)
