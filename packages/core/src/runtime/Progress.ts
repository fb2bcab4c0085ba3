import { rowKey, systemStores } from '../ports/rows.ts'
import type { RowReader } from '../ports/Storage.ts'

/**
 * How far event time has come in a task, by source: itself for a task that reads a source topic, the tasks of the stage
 * before for one that reads a repartition topic. Kept as a row of the task: first the minimum, which the next stage reads,
 * then each source's.
 */
export class Progress {
  readonly key: Uint8Array
  readonly #sources: Float64Array
  #watermark: number
  #saved: number

  constructor(rows: RowReader, job: string, stage: number, partition: number, sources: number) {
    this.key = progressKey(job, stage, partition)
    const row = rows.get(this.key)
    this.#sources = new Float64Array(sources).fill(-Infinity)
    if (row !== undefined) {
      const view = new DataView(row.buffer, row.byteOffset, row.byteLength)
      for (let source = 0; source < sources; source++) this.#sources[source] = view.getFloat64(8 + source * 8)
    }
    this.#watermark = this.#minimum()
    this.#saved = this.#watermark
  }

  /** The event time that all sources have reached. */
  get watermark(): number {
    return this.#watermark
  }

  /** Whether the watermark is another one than at the last `save`. */
  get advanced(): boolean {
    return this.#watermark !== this.#saved
  }

  /** The source has come this far; never goes back. `settle` makes it count. */
  observe(source: number, watermark: number): void {
    if (watermark > this.#sources[source]!) this.#sources[source] = watermark
  }

  /** Brings the watermark up to what was observed. */
  settle(): void {
    this.#watermark = this.#sources.length === 1 ? this.#sources[0]! : this.#minimum()
  }

  /** The row's new value. */
  save(): Uint8Array {
    this.#saved = this.#watermark
    const bytes = new Uint8Array(8 + this.#sources.length * 8)
    const view = new DataView(bytes.buffer)
    view.setFloat64(0, this.#watermark)
    this.#sources.forEach((watermark, source) => view.setFloat64(8 + source * 8, watermark))
    return bytes
  }

  #minimum(): number {
    let minimum = Infinity
    for (const watermark of this.#sources) if (watermark < minimum) minimum = watermark
    return minimum
  }
}

/** A task's watermark as it was last committed; `Infinity` when its input has ended. */
export const committedWatermark = (rows: RowReader, job: string, stage: number, partition: number): number => {
  const row = rows.get(progressKey(job, stage, partition))
  return row === undefined ? -Infinity : new DataView(row.buffer, row.byteOffset, 8).getFloat64(0)
}

const encoder = new TextEncoder()

const progressKey = (job: string, stage: number, partition: number): Uint8Array =>
  rowKey(systemStores.progress, partition, encoder.encode(`${job}/${stage}`))
