import type { ProducerState, Tail } from '@weir/core/storage'

/**
 * What this writer knows of partitions without reading: it holds as long as nobody else has committed, which the numbers of
 * transactions tell.
 */
export class PartitionCache {
  readonly tails: Map<number, Tail> = new Map()
  /** By partition and producer, see `producerName`. */
  readonly producers: Map<string, ProducerState> = new Map()
  /** The transaction that it holds for, if it is the next one. */
  #transaction = 0

  /** To be called first in each write transaction. */
  begin(transaction: number): void {
    if (transaction !== this.#transaction || this.tails.size + this.producers.size > entriesMax) this.clear()
    this.#transaction = transaction + 1
  }

  /** To be called when a transaction failed. */
  clear(): void {
    this.tails.clear()
    this.producers.clear()
    this.#transaction = 0
  }
}

/** A producer in a partition, as a key of a Map. */
export const producerName = (partition: number, producerId: number): string => `${partition}/${producerId}`

const entriesMax = 16_384
