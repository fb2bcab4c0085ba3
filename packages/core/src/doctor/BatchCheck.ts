import { CorruptBatch } from '../model/errors.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import type { PartitionBounds } from '../ports/Storage.ts'
import type { Findings } from './Findings.ts'

/** Looks at the batches of one partition, in order: whether their offsets are dense and their times are what they say. */
export class BatchCheck {
  readonly #findings: Findings
  readonly #where: string
  readonly #bounds: PartitionBounds
  /** Where the next batch is to begin; `undefined` when a damaged one does not say. */
  #next: number | undefined
  #isFirst = true
  #running = -Infinity

  /** @param where - the partition in words */
  constructor(findings: Findings, where: string, bounds: PartitionBounds) {
    findings.begin('batches', 'batches')
    this.#findings = findings
    this.#where = where
    this.#bounds = bounds
    this.#next = bounds.start
    const { start, end } = bounds
    const isRight = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end
    if (!isRight) this.#wrong(where, `it begins at ${start} and ends at ${end}`)
  }

  /** The running time of the last batch that was seen. */
  get runningTimestampMax(): number {
    return this.#running
  }

  /** The next batch, whose bytes match their checksum. */
  see(batch: RecordBatch): void {
    const where = this.#place(batch.baseOffset, batch.count)
    const { timestampMax, runningTimestampMax: running } = batch
    const least = Math.max(this.#running, timestampMax)
    // one that compaction has made has the running time of the last one that it replaces
    const isExact = this.#running !== -Infinity && batch.keptCount === batch.count
    if (isExact ? running !== least : running < least)
      this.#wrong(where, `its running time is ${running}; expected ${least}`)
    this.#running = running
    for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1)) {
      if (batch.timestamp(index) <= timestampMax) continue
      this.#wrong(where, `record ${index} is later than ${timestampMax}, which the batch says is the latest`)
      break
    }
    if (batch.hasHeaders) this.#seeHeaders(batch, where)
  }

  /** The next batch cannot be read; it takes so many offsets, if that is known. */
  damaged(baseOffset: number, count: number | undefined, what: string): void {
    this.#wrong(this.#place(baseOffset, count), what)
  }

  /** There are no more. */
  end(): void {
    const { start, end } = this.#bounds
    if (this.#next !== undefined && this.#next !== end)
      this.#wrong(this.#where, `its batches end at ${this.#next}; the partition goes from ${start} to ${end}`)
  }

  /** Looks whether a batch follows the one before it, and gives its place in words. */
  #place(baseOffset: number, count: number | undefined): string {
    this.#findings.looked('batches')
    const where = `${this.#where} offset ${baseOffset}`
    const { start, end } = this.#bounds
    // the first one may begin before the start
    const isRight = this.#isFirst ? baseOffset <= start : this.#next === undefined || baseOffset === this.#next
    if (!isRight) this.#wrong(where, `it follows on offset ${this.#next! - 1}`)
    this.#isFirst = false
    if (count !== undefined && (baseOffset + count <= start || baseOffset + count > end))
      this.#wrong(where, `its ${count} offsets are not within the partition's, ${start} to ${end}`)
    this.#next = count === undefined ? undefined : baseOffset + count
    return where
  }

  #seeHeaders(batch: RecordBatch, where: string): void {
    try {
      for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1)) batch.headers(index)
    } catch (error) {
      if (!(error instanceof CorruptBatch)) throw error
      this.#wrong(where, error.message)
    }
  }

  #wrong(where: string, what: string): void {
    this.#findings.wrong('batches', where, what)
  }
}
