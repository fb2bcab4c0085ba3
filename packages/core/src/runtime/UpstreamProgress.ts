import type { RowReader } from '../ports/Storage.ts'
import { committedWatermark } from './Progress.ts'

/**
 * How far the tasks of a stage have come, as they have committed it, in this process or others. Read from the storage once
 * for each change of it, and shared by all tasks of the next stage, so that its cost does not grow with the square of
 * the partitions.
 */
export class UpstreamProgress {
  readonly #rows: RowReader
  readonly #job: string
  readonly #stage: number
  readonly #partitions: number
  #watermarks: Float64Array | undefined

  constructor(rows: RowReader, job: string, stage: number, partitions: number) {
    this.#rows = rows
    this.#job = job
    this.#stage = stage
    this.#partitions = partitions
  }

  /** The storage has changed: the next `read` looks again. */
  changed(): void {
    this.#watermarks = undefined
  }

  /** The watermark of each task of the stage: perhaps older than what is committed, never newer. It does not change later. */
  read(): Float64Array {
    this.#watermarks ??= Float64Array.from({ length: this.#partitions }, (_, partition) =>
      committedWatermark(this.#rows, this.#job, this.#stage, partition),
    )
    return this.#watermarks
  }
}
