import type { Stage } from '../job/plan.ts'
import { epochOf, epochRow } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { committedProgress, ownerOf, type ProgressPlace } from './Progress.ts'

/** What was known of a task when this run began. */
interface Beginning {
  readonly epoch: number
  /** It had come to its end in that epoch: in a run before this one, or early in this one. */
  readonly hadEnded: boolean
  readonly end: number
}

/**
 * How far the tasks of a stage have come, as they have committed it, in this process or others. Read from the storage once
 * for each change of it, and shared by all tasks of the next stage, so that its cost does not grow with the square of
 * the partitions.
 */
export class UpstreamProgress {
  readonly #storage: Storage
  readonly #job: string
  readonly #stage: Stage
  readonly #firstPartition: number
  readonly #before: UpstreamProgress | undefined
  readonly #beginnings: ReadonlyArray<Beginning>
  #watermarks: Float64Array | undefined
  #isEnded: boolean | undefined
  #isPatient = true

  /**
   * Made before the tasks of this process get their epochs.
   *
   * @param firstPartition - of the stage's input, in the storage
   * @param before - the progress of the stage before that one
   */
  constructor(
    storage: Storage,
    job: string,
    stage: Stage,
    firstPartition: number,
    before: UpstreamProgress | undefined,
  ) {
    this.#storage = storage
    this.#job = job
    this.#stage = stage
    this.#firstPartition = firstPartition
    this.#before = before
    this.#beginnings = Array.from({ length: stage.input.partitions }, (_, partition): Beginning => {
      const epoch = this.#epochOf(partition)
      const { endedIn } = committedProgress(storage.rows, this.#place(partition))
      return { epoch, hadEnded: epoch > 0 && endedIn === epoch, end: storage.bounds(firstPartition + partition).end }
    })
  }

  /** The storage has changed: the next look reads again. */
  changed(): void {
    this.#watermarks = undefined
    this.#isEnded = undefined
  }

  /** The watermark of each task of the stage: perhaps older than what is committed, never newer. It does not change later. */
  read(): Float64Array {
    this.#watermarks ??= Float64Array.from(
      this.#beginnings,
      (_, partition) => committedProgress(this.#storage.rows, this.#place(partition)).watermark,
    )
    return this.#watermarks
  }

  /**
   * Whether the stage writes nothing more in this run: all of its tasks, and those before them, have come to their ends.
   *
   * Each task leaves the epoch in which it did. When that was before this run began, the end may be that of an earlier run,
   * whose successor has not begun yet. It counts when the task has nothing left of what was there at the beginning, or
   * when nobody has come for a while: then it was an end in this run, and the source has grown since.
   */
  isEnded(): boolean {
    this.#isEnded ??=
      this.#before?.isEnded() !== false &&
      this.#beginnings.every((beginning, partition) => this.#hasEnded(beginning, partition))
    return this.#isEnded
  }

  /** Whether tasks are ended that nobody has claimed since this run began. */
  waitsForOthers(): boolean {
    return this.#beginnings.some(({ epoch, hadEnded }, partition) => hadEnded && this.#epochOf(partition) === epoch)
  }

  /** Waits no longer for other workers that have not begun. */
  giveUpOnOthers(): void {
    this.#isPatient = false
    this.changed()
  }

  #hasEnded(beginning: Beginning, partition: number): boolean {
    const { rows } = this.#storage
    const epoch = this.#epochOf(partition)
    if (committedProgress(rows, this.#place(partition)).endedIn !== epoch) return false
    if (epoch > beginning.epoch || !beginning.hadEnded || !this.#isPatient) return true
    const input = this.#firstPartition + partition
    // the input of a stage that has one before it grows in this run
    const end = this.#before === undefined ? beginning.end : this.#storage.bounds(input).end
    return this.#storage.position(this.#job, input) >= end
  }

  #epochOf(partition: number): number {
    return epochOf(this.#storage.rows.get(epochRow(ownerOf(this.#place(partition)))))
  }

  #place(partition: number): ProgressPlace {
    return { job: this.#job, input: this.#stage.input.name, partition }
  }
}
