import type { CompletableFuture } from '../future/CompletableFuture.ts'
import { writeBatchSequence } from '../model/batchFormat.ts'
import { selectRecords } from '../model/selectRecords.ts'
import type { Append, Trim } from '../ports/Commit.ts'
import type { RecordMetadata } from './recordMetadata.ts'

/** Who waits for records, by index in their batch. */
export type Answers = Map<number, CompletableFuture<RecordMetadata>>

/** A batch of encoded records that waits for its commit. */
export interface Waiting {
  readonly batch: Uint8Array
  readonly count: number
  readonly hasIds: boolean
  readonly answers: Answers
}

/** A batch of one commit: the first `count` records of what waits next. */
export interface Piece {
  /** Within the topic. */
  readonly partition: number
  readonly append: Append
  readonly count: number
  readonly trim: Trim | undefined
}

/** Encoded records of one partition that wait for their commit, in order: as much of them is taken at a time as there is room for. */
export class WaitingRecords {
  readonly #partition: number
  readonly #place: number
  readonly #queue: Waiting[] = []
  /** Of the first record that waits. */
  #sequence = 0
  #bytes = 0

  /** @param place - where the partition is in the storage */
  constructor(partition: number, place: number) {
    this.#partition = partition
    this.#place = place
  }

  /** What waits longest. */
  get first(): Waiting | undefined {
    return this.#queue[0]
  }

  get bytes(): number {
    return this.#bytes
  }

  add(waiting: Waiting): void {
    this.#queue.push(waiting)
    this.#bytes += waiting.batch.length
  }

  clear(): void {
    this.#queue.length = 0
    this.#bytes = 0
  }

  /** As many batches as there is room for. */
  fitting(room: number, endMax: number | undefined, bytesMax: number): ReadonlyArray<Piece> {
    const pieces: Piece[] = []
    let sent = 0
    let bytes = 0
    for (const waiting of this.#queue) {
      const count = Math.min(waiting.count, room - sent)
      if (count <= 0 || (bytes > 0 && bytes + waiting.batch.length > bytesMax)) break
      pieces.push(this.#piece(waiting, count, endMax, sent))
      sent += count
      bytes += waiting.batch.length
    }
    return pieces
  }

  /** The first records of what waits longest. */
  piece(count: number, endMax: number): Piece {
    return this.#piece(this.#queue[0]!, count, endMax, 0)
  }

  /** The first records are on disk: what waits goes on behind them. */
  acknowledge(count: number): Answers {
    this.#sequence += count
    return this.take(count)
  }

  /** Takes the first records from what waits; the rest of their batch stays. */
  take(count: number): Answers {
    const first = this.#queue[0]!
    this.#bytes -= first.batch.length
    if (count === first.count) {
      this.#queue.shift()
      return first.answers
    }
    const batch = selectRecords(first.batch, indexes(count, first.count))
    this.#bytes += batch.length
    const taken: Answers = new Map()
    const left: Answers = new Map()
    for (const [index, answer] of first.answers) {
      if (index < count) taken.set(index, answer)
      else left.set(index - count, answer)
    }
    this.#queue[0] = { ...first, batch, count: first.count - count, answers: left }
    return taken
  }

  /** @param before - how many records of the partition come before it in the same commit */
  #piece(waiting: Waiting, count: number, endMax: number | undefined, before: number): Piece {
    const { batch, count: all, hasIds } = waiting
    // the storage may change what it is given, and a repeat must be the same bytes: it gets a copy
    const bytes = count === all ? batch.slice() : selectRecords(batch, indexes(0, count))
    writeBatchSequence(bytes, this.#sequence + before)
    const append: Append = {
      partition: this.#place,
      batch: bytes,
      endMax,
      dedupScope: hasIds ? this.#place : undefined,
    }
    return { partition: this.#partition, append, count, trim: undefined }
  }
}

const indexes = (from: number, until: number): ReadonlyArray<number> =>
  Array.from({ length: until - from }, (_, index) => from + index)
