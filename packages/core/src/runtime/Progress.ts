import { textBytes } from '../codec/textBytes.ts'
import { rowKey, systemStores } from '../ports/rows.ts'
import type { RowReader } from '../ports/Storage.ts'

/**
 * How far event time has come in a task, by source: itself for a task that reads a source topic, the tasks of the stage
 * before for one that reads a repartition topic. Kept as a row of the task, which changes with every commit that moves it:
 *
 * ```text
 * 0 f64 what the next stage may rely on: the minimum of the sources, less what the operators hold back or have still to give on
 * 8 f64 the run to the end in which the task came to the end of its input; 0 for none
 * 16 f64 each source's
 *    u8 only when the task is idle
 * ```
 *
 * A source that is idle does not hold the others back. When all are, the one that has come farthest counts. One that is left out
 * never counts. The watermark never goes back, whatever a source says that has been idle.
 */
export class Progress {
  readonly key: Uint8Array
  readonly #heldMs: number
  readonly #sources: Float64Array
  /** By source; 1 for one that is idle. */
  readonly #idle: Uint8Array
  /** By source; 1 for one that does not count. */
  readonly #leftOut: Uint8Array
  #idleCount = 0
  #leftOutCount = 0
  #watermark: number
  /** Whether the watermark may have moved since `settle`. */
  #isUnsettled = false
  #hasAdvanced = false
  #endedIn = 0
  #saved: Uint8Array | null
  #savedWatermark: number
  #savedEndedIn: number
  #savedIsIdle: boolean
  /** The next stage hears of nothing beyond it. */
  #heldBackTo = Infinity
  #promised: number

  constructor(rows: RowReader, where: ProgressPlace, sources: number, heldMs: number) {
    this.key = progressKey(where)
    this.#heldMs = heldMs
    this.#sources = new Float64Array(sources).fill(-Infinity)
    this.#idle = new Uint8Array(sources)
    this.#leftOut = new Uint8Array(sources)
    let reached = -Infinity
    this.#saved = rows.get(this.key) ?? null
    if (this.#saved !== null) {
      const view = viewOf(this.#saved)
      this.#endedIn = view.getFloat64(endedInAt)
      reached = view.getFloat64(0) + heldMs
      for (let source = 0; source < sources; source++) {
        this.#sources[source] = view.getFloat64(sourcesAt + source * 8)
      }
    }
    this.#watermark = Math.max(reached, this.#minimum())
    this.#promised = reached - heldMs
    this.#savedWatermark = this.#watermark
    this.#savedEndedIn = this.#endedIn
    this.#savedIsIdle = this.#saved !== null && isIdleRow(this.#saved)
  }

  /** The event time that all sources have reached. */
  get watermark(): number {
    return this.#watermark
  }

  /** The run in which the task came to its end; 0 for none. */
  get endedIn(): number {
    return this.#endedIn
  }

  /** Whether there is something to save. */
  get advanced(): boolean {
    return (
      this.#hasAdvanced ||
      this.#watermark !== this.#savedWatermark ||
      this.#endedIn !== this.#savedEndedIn ||
      this.#promise !== this.#promised ||
      this.#isIdle !== this.#savedIsIdle
    )
  }

  get #isIdle(): boolean {
    const count = this.#sources.length - this.#leftOutCount
    return count > 0 && this.#idleCount === count
  }

  /** What the next stage may rely on. */
  get #promise(): number {
    return Math.max(this.#promised, Math.min(this.#watermark - this.#heldMs, this.#heldBackTo))
  }

  /** What the row holds once the commits so far are durable; `null` for none. */
  get saved(): Uint8Array | null {
    return this.#saved
  }

  /** How far the source has come. */
  of(source: number): number {
    return this.#sources[source]!
  }

  /** The source has come this far; never goes back. `settle` makes it count. @returns how far the source has come */
  observe(source: number, watermark: number): number {
    const before = this.#sources[source]!
    if (watermark <= before) return before
    this.#sources[source] = watermark
    // the others hold the watermark back
    if (before <= this.#watermark) this.#isUnsettled = true
    return watermark
  }

  /** As `observe`, for a source of which nobody else knows how far it has come: it is saved even while others hold the watermark back. */
  advance(source: number, watermark: number): number {
    const before = this.#sources[source]!
    const after = this.observe(source, watermark)
    if (after !== before) this.#hasAdvanced = true
    return after
  }

  /** The source does not count: nothing comes from it, or nothing that has to do with event time. To be said before anything of it. */
  leaveOut(source: number): void {
    this.#leftOut[source] = 1
    this.#leftOutCount++
    this.#isUnsettled = true
  }

  /** The source holds the others back no longer, or does again. */
  setIdle(source: number, isIdle: boolean): void {
    const value = isIdle ? 1 : 0
    if (this.#idle[source] === value || this.#leftOut[source] === 1) return
    this.#idle[source] = value
    this.#idleCount += isIdle ? 1 : -1
    this.#isUnsettled = true
  }

  /** Brings the watermark up to what was observed. */
  settle(): void {
    if (!this.#isUnsettled) return
    this.#isUnsettled = false
    const isOnlyOne = this.#sources.length === 1 && this.#leftOutCount === 0
    const reached = isOnlyOne ? this.#sources[0]! : this.#minimum()
    if (reached > this.#watermark) this.#watermark = reached
  }

  /** The next stage is to hear of nothing beyond this, until it is another one. */
  holdBackTo(watermark: number): void {
    this.#heldBackTo = watermark
  }

  /** In this run there is nothing more for the task. */
  end(run: number): void {
    this.#endedIn = run
  }

  /** The row's new value. */
  save(): Uint8Array {
    this.#hasAdvanced = false
    this.#savedWatermark = this.#watermark
    this.#savedEndedIn = this.#endedIn
    this.#savedIsIdle = this.#isIdle
    this.#promised = this.#promise
    const bytes = new Uint8Array(sourcesAt + this.#sources.length * 8 + (this.#isIdle ? 1 : 0))
    const view = viewOf(bytes)
    view.setFloat64(0, this.#promised)
    view.setFloat64(endedInAt, this.#endedIn)
    this.#sources.forEach((watermark, source) => view.setFloat64(sourcesAt + source * 8, watermark))
    this.#saved = bytes
    return bytes
  }

  #minimum(): number {
    let minimum = Infinity
    let maximum = -Infinity
    for (let source = 0; source < this.#sources.length; source++) {
      if (this.#leftOut[source] === 1) continue
      const watermark = this.#sources[source]!
      if (watermark > maximum) maximum = watermark
      if (watermark < minimum && this.#idle[source] === 0) minimum = watermark
    }
    return this.#isIdle ? maximum : minimum
  }
}

/** Whose progress it is. The input names the stage: it stays what it is when the job gets other stages. */
export interface ProgressPlace {
  readonly job: string
  readonly input: string
  readonly partition: number
}

/** What a task's row says to others. */
export interface CommittedProgress {
  /** How far the next stage may go; `Infinity` when the input has ended. */
  readonly watermark: number
  /** The run in which the task came to its end; 0 for none. */
  readonly endedIn: number
  /** How many sources it has. */
  readonly sources: number
  /** Whether it holds nobody back: none of its sources does. */
  readonly isIdle: boolean
}

/** A task's progress as it was last committed; `undefined` when it has committed none. */
export const committedProgress = (rows: RowReader, where: ProgressPlace): CommittedProgress | undefined => {
  const row = rows.get(progressKey(where))
  if (row === undefined) return undefined
  const view = viewOf(row)
  return {
    watermark: view.getFloat64(0),
    endedIn: view.getFloat64(endedInAt),
    sources: Math.floor((row.length - sourcesAt) / 8),
    isIdle: isIdleRow(row),
  }
}

const endedInAt = 8
const sourcesAt = 16

const isIdleRow = (row: Uint8Array): boolean => (row.length - sourcesAt) % 8 === 1

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const progressKey = ({ job, input, partition }: ProgressPlace): Uint8Array =>
  rowKey(systemStores.progress, partition, textBytes(`${job}/${input}`))
