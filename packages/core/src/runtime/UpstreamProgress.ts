import type { Stage } from '../job/Stage.ts'
import type { RowReader } from '../ports/Storage.ts'
import { committedProgress, type CommittedProgress } from './Progress.ts'

/** How far the tasks of a stage had come at one moment, by task. */
export interface Reached {
  readonly watermarks: Float64Array
  readonly idle: ReadonlyArray<boolean>
}

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
  #reached: Reached | undefined

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
    this.#reached = undefined
  }

  /** How far each task of the stage has come: perhaps older than what is committed, never newer. It does not change later. */
  read(): Reached {
    const progress = this.#progress()
    this.#reached ??= {
      watermarks: Float64Array.from(progress, (each) => each?.watermark ?? -Infinity),
      idle: progress.map((each) => each?.isIdle === true),
    }
    return this.#reached
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
