import { epochOf, epochRow, type OnRecord, type ProducerState, type StoredBatch, type Tail } from '@weir/core/storage'
import type { Environment } from '../environment.ts'
import { batchBefore, dedupKey, logKey, logKeyOffset, positionKey, producerKey, tailKey } from '../keys.ts'
import { decodeProducerState } from '../producerState.ts'
import { storedRowKey } from '../rowKeys.ts'
import { decodeNumber, decodeTail } from '../tail.ts'
import { type PartitionCache, producerName } from './PartitionCache.ts'
import type { RowWriter } from './RowWriter.ts'

/** What the environment has on record, within the write transaction that is open. */
export class Records implements OnRecord {
  readonly #data: Environment
  readonly #cache: PartitionCache
  readonly #rows: RowWriter

  constructor(data: Environment, cache: PartitionCache, rows: RowWriter) {
    this.#data = data
    this.#cache = cache
    this.#rows = rows
  }

  epoch(owner: string): number {
    return epochOf(this.#rows.get(storedRowKey(epochRow(owner))))
  }

  /** @param key - as it is stored: so it is in the frame of a commit */
  row(key: Uint8Array): Uint8Array | undefined {
    return this.#rows.get(key)
  }

  tail(partition: number): Tail {
    return this.#cache.tails.get(partition) ?? decodeTail(this.#data.get(tailKey(partition)))
  }

  producer(partition: number, producerId: number): ProducerState | undefined {
    return (
      this.#cache.producers.get(producerName(partition, producerId)) ??
      decodeProducerState(this.#data.get(producerKey(partition, producerId)))
    )
  }

  offsetOfId(scope: number, id: string): number | undefined {
    return decodeNumber(this.#data.get(dedupKey(scope, id)))
  }

  position(group: string, partition: number): number {
    return decodeNumber(this.#data.get(positionKey(partition, group))) ?? 0
  }

  batch(partition: number, offset: number): StoredBatch | undefined {
    const key = logKey(partition, offset)
    const exact = this.#data.get(key)
    if (exact !== undefined) return { baseOffset: offset, bytes: exact }
    for (const found of this.#data.getRange(batchBefore(partition, key))) {
      return { baseOffset: logKeyOffset(found.key), bytes: found.value }
    }
    return undefined
  }
}
