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

  /** To be called first in each write transaction. @returns whether nobody else has committed since the last one */
  begin(transaction: number): boolean {
    const isNext = transaction === this.#transaction
    if (!isNext || this.tails.size + this.producers.size > entriesMax) this.clear()
    return isNext
  }

  /**
   * To be called when the transaction is committed. One that has written nothing leaves its number to the next one, which may
   * be somebody else's: then what is cached may be old when the number after it comes.
   */
  end(transaction: number, hasWritten: boolean): void {
    if (hasWritten) this.#transaction = transaction + 1
    else this.clear()
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
