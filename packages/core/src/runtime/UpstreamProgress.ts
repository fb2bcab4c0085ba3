import type { Stage } from '../job/Stage.ts'
import type { RowReader } from '../ports/Storage.ts'
import { committedProgress, type CommittedProgress } from './Progress.ts'

/**
 * How far the tasks of a stage have come, as they have committed it, in this process or others. Read from the storage once
 * for each change of it, and shared by all tasks of the next stage, so that its cost does not grow with the square of
 * the partitions.
 */
export class UpstreamProgress {
  readonly #rows: RowReader
  readonly #job: string
  readonly #stage: Stage
  readonly #run: number
  #committed: ReadonlyArray<CommittedProgress | undefined> | undefined
  #watermarks: Float64Array | undefined

  /** @param run - what the workers of this run to the end have in common */
  constructor(rows: RowReader, job: string, stage: Stage, run: number) {
    this.#rows = rows
    this.#job = job
    this.#stage = stage
    this.#run = run
  }

  /** The storage has changed: the next look reads again. */
  changed(): void {
    this.#committed = undefined
    this.#watermarks = undefined
  }

  /** The watermark of each task of the stage: perhaps older than what is committed, never newer. It does not change later. */
  read(): Float64Array {
    this.#watermarks ??= Float64Array.from(this.#progress(), (progress) => progress?.watermark ?? -Infinity)
    return this.#watermarks
  }

  /** Whether all tasks of the stage have come to their ends in this run, so that it writes nothing more. */
  isEnded(): boolean {
    return this.#progress().every((progress) => progress?.endedIn === this.#run)
  }

  #progress(): ReadonlyArray<CommittedProgress | undefined> {
    const { name, partitions } = this.#stage.input
    this.#committed ??= Array.from({ length: partitions }, (_, partition) =>
      committedProgress(this.#rows, { job: this.#job, input: name, partition }),
    )
    return this.#committed
  }
}
