import { rowKey, systemStores } from '../ports/rows.ts'
import type { RowReader } from '../ports/Storage.ts'

/**
 * How far event time has come in a task, by source: itself for a task that reads a source topic, the tasks of the stage
 * before for one that reads a repartition topic. Kept as a row of the task, which changes with every commit that moves it:
 *
 * ```text
 * 0 f64 what the next stage may rely on: the minimum of the sources, less what the operators hold back
 * 8 f64 the run to the end in which the task came to the end of its input; 0 for none
 * 16 f64 each source's
 * ```
 */
export class Progress {
  readonly key: Uint8Array
  readonly #heldMs: number
  readonly #sources: Float64Array
  #watermark: number
  /** Whether the watermark may have moved since `settle`. */
  #isUnsettled = false
  #hasAdvanced = false
  #endedIn = 0
  #saved: Uint8Array | null
  #savedWatermark: number
  #savedEndedIn: number

  constructor(rows: RowReader, where: ProgressPlace, sources: number, heldMs: number) {
    this.key = progressKey(where)
    this.#heldMs = heldMs
    this.#sources = new Float64Array(sources).fill(-Infinity)
    this.#saved = rows.get(this.key) ?? null
    if (this.#saved !== null) {
      const view = viewOf(this.#saved)
      this.#endedIn = view.getFloat64(endedInAt)
      for (let source = 0; source < sources; source++) {
        this.#sources[source] = view.getFloat64(sourcesAt + source * 8)
      }
    }
    this.#watermark = this.#minimum()
    this.#savedWatermark = this.#watermark
    this.#savedEndedIn = this.#endedIn
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
    return this.#hasAdvanced || this.#watermark !== this.#savedWatermark || this.#endedIn !== this.#savedEndedIn
  }

  /** What the row holds once the commits so far are durable; `null` for none. */
  get saved(): Uint8Array | null {
    return this.#saved
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

  /** Brings the watermark up to what was observed. */
  settle(): void {
    if (!this.#isUnsettled) return
    this.#isUnsettled = false
    this.#watermark = this.#sources.length === 1 ? this.#sources[0]! : this.#minimum()
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
    const bytes = new Uint8Array(sourcesAt + this.#sources.length * 8)
    const view = viewOf(bytes)
    view.setFloat64(0, this.#watermark - this.#heldMs)
    view.setFloat64(endedInAt, this.#endedIn)
    this.#sources.forEach((watermark, source) => view.setFloat64(sourcesAt + source * 8, watermark))
    this.#saved = bytes
    return bytes
  }

  #minimum(): number {
    let minimum = Infinity
    for (const watermark of this.#sources) if (watermark < minimum) minimum = watermark
    return minimum
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
}

/** A task's progress as it was last committed; `undefined` when it has committed none. */
export const committedProgress = (rows: RowReader, where: ProgressPlace): CommittedProgress | undefined => {
  const row = rows.get(progressKey(where))
  if (row === undefined) return undefined
  const view = viewOf(row)
  return {
    watermark: view.getFloat64(0),
    endedIn: view.getFloat64(endedInAt),
    sources: (row.length - sourcesAt) / 8,
  }
}

const endedInAt = 8
const sourcesAt = 16

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const encoder = new TextEncoder()

const progressKey = ({ job, input, partition }: ProgressPlace): Uint8Array =>
  rowKey(systemStores.progress, partition, encoder.encode(`${job}/${input}`))
