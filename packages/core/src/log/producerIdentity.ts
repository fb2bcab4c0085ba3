import { CompletableFuture } from '../future/CompletableFuture.ts'
import { CommitConflict } from '../model/errors.ts'
import { commitOf } from '../ports/Commit.ts'
import { rowKey, systemStores } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import type { ProducerIdentity } from './TopicWriter.ts'

const counterKey = rowKey(systemStores.counters, 0, new TextEncoder().encode('producer'))

/** An identity that no other producer of this storage has, or ever had. Costs one commit. */
export const newProducerIdentity = (storage: Storage): CompletableFuture<ProducerIdentity> => {
  const row = storage.rows.get(counterKey)
  const id = (row === undefined ? 0 : new DataView(row.buffer, row.byteOffset, 8).getFloat64(0)) + 1
  const value = new Uint8Array(8)
  new DataView(value.buffer).setFloat64(0, id)
  return storage
    .commit(commitOf({ expect: [{ key: counterKey, value: row ?? null }], rows: [{ key: counterKey, value }] }))
    .thenApply(() => ({ id, epoch: 0 }))
    .exceptionallyCompose((error) =>
      error instanceof CommitConflict
        ? newProducerIdentity(storage)
        : CompletableFuture.failed<ProducerIdentity>(error),
    )
}
