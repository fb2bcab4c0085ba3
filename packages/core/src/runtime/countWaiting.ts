import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { chainRec } from '../future/chainRec.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { isParked, isPendingKey } from '../handler/pendingRow.ts'
import { handlersAmong } from '../handler/stores.ts'
import type { ReadableLog } from '../log/OpenLog.ts'
import { rowHeadBytes, rowKey, rowKeyEnd } from '../ports/rows.ts'
import type { Row } from '../ports/Storage.ts'
import { successorOf } from './mergeRows.ts'
import { storedStores } from './storeCatalog.ts'

/** So many rows are read in one turn of the event loop. */
const rowsMax = 1_000
const allPartitions = 0xffff_ffff
const noKey = new Uint8Array(0)

/** How many records the handlers of a job are yet to handle behind its positions; counted in as many turns of the event loop as it takes. */
export const countWaiting = (log: Pick<ReadableLog, 'storage' | 'clock'>, job: string): CompletableFuture<number> => {
  const stores = storedStores(log.storage.rows, job)
  const counts = handlersAmong(new Set(stores.keys())).flatMap(({ pending, held }) => [
    rowCount(log, stores.get(pending.name)!.id, ({ key }) => isPendingKey(key.subarray(rowHeadBytes))),
    rowCount(log, stores.get(held.name)!.id, ({ value }) => !isParked(value)),
  ])
  return CompletableFuture.allOf(counts).thenApply((each) => each.reduce((sum, count) => sum + count, 0))
}

interface Counted {
  readonly from: Uint8Array
  readonly count: number
}

const rowCount = (
  { storage, clock }: Pick<ReadableLog, 'storage' | 'clock'>,
  store: number,
  isCounted: (row: Row) => boolean,
): CompletableFuture<number> => {
  const until = rowKeyEnd(store, allPartitions)
  return chainRec({ from: rowKey(store, 0, noKey), count: 0 }, ({ from, count }: Counted) => {
    const rows = storage.rows.range(from, until, { limit: rowsMax })
    const last = rows.at(-1)
    const sum = count + rows.filter(isCounted).length
    const isLast = last === undefined || rows.length < rowsMax
    if (isLast) return CompletableFuture.completed<Either<Counted, number>>(right(sum))
    const next = new CompletableFuture<Either<Counted, number>>()
    clock.turn(() => void next.complete(left({ from: successorOf(last.key), count: sum })))
    return next
  })
}
