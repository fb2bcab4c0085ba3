import { batchChecksum } from '../model/batchFormat.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import { RecordBatchBuilder } from '../model/RecordBatchBuilder.ts'
import { sparseBatch } from '../model/sparseBatch.ts'
import type { Replacement } from '../ports/Commit.ts'

/** Batches that follow each other become one, until it has so many bytes, */
const windowBytesMax = 64 * 1024
/** or replaces so many, */
const windowBatchesMax = 128
/** or takes so many offsets. */
const windowCountMax = 2 ** 30

/** Batches of a partition that follow each other, on their way to become one batch with fewer records. */
export class CompactionWindow {
  readonly #batches: RecordBatch[] = []
  readonly #builder = new RecordBatchBuilder()
  readonly #indexes: number[] = []
  #count = 0
  #removed = 0
  #timestampMax = -Infinity
  #hasSparse = false

  /** How many records are left out that are there now. */
  get removed(): number {
    return this.#removed
  }

  /** Whether it is to be closed before more is added. */
  get isFull(): boolean {
    return (
      this.#builder.byteLength >= windowBytesMax ||
      this.#batches.length >= windowBatchesMax ||
      this.#count >= windowCountMax
    )
  }

  /** Adds the next batch, and of it the records that are kept. */
  add(batch: RecordBatch, isKept: (index: number) => boolean): void {
    for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1)) {
      if (!isKept(index)) {
        this.#removed++
        continue
      }
      this.#indexes.push(this.#count + index)
      this.#builder.add(
        batch.key(index),
        batch.value(index),
        batch.timestamp(index),
        batch.id(index),
        batch.hasHeaders ? batch.headers(index) : null,
        batch.watermark(index),
      )
    }
    if (batch.keptCount < batch.count) this.#hasSparse = true
    this.#timestampMax = Math.max(this.#timestampMax, batch.timestampMax)
    this.#batches.push(batch)
    this.#count += batch.count
  }

  /** What replaces the batches; undefined when nothing is gained by it. */
  replacement(partition: number): Replacement | undefined {
    const bytesEach = this.#batches.reduce((sum, { byteLength }) => sum + byteLength, 0) / this.#batches.length
    const isMerged = this.#hasSparse && this.#batches.length > 1 && bytesEach < windowBytesMax / 4
    if (this.#removed === 0 && !isMerged) return undefined
    const batch = sparseBatch({
      count: this.#count,
      indexes: this.#indexes,
      kept: this.#indexes.length === 0 ? undefined : this.#builder.build(),
      timestamp: this.#timestampMax,
    })
    const batches = this.#batches.map(({ baseOffset, bytes }) => ({ baseOffset, checksum: batchChecksum(bytes) }))
    return { partition, batches, batch, dedupScope: partition }
  }
}
