import { type Crc32, writeBatchChecksum, writeRunningTimestampMax } from '../model/batchFormat.ts'
import { EpochFenced, SequenceGap, TopicFull } from '../model/errors.ts'
import { RecordBatch } from '../model/RecordBatch.ts'
import { selectRecords } from '../model/selectRecords.ts'
import type { Append, Appended } from './Commit.ts'
import { type AnsweredBatch, batchesRemembered, type OnRecord, type ProducerState, type Tail } from './OnRecord.ts'

/** A sealed batch and where it goes. */
export interface StagedBatch {
  readonly partition: number
  readonly baseOffset: number
  /** How many records it has. */
  readonly count: number
  /** The largest timestamp of the partition up to and including this batch, in ms since 1970. */
  readonly runningTimestampMax: number
  /** As they are to be stored. */
  readonly bytes: Uint8Array
}

/** What is to be remembered of a producer in a partition. */
export interface StagedProducer {
  readonly partition: number
  readonly producerId: number
  readonly state: ProducerState
}

/** What the appends of one commit will write. What is on record is only read. */
export class AppendStage {
  readonly #onRecord: OnRecord
  readonly #crc32: Crc32
  readonly batches: StagedBatch[] = []
  /** By partition. */
  readonly tails: Map<number, Tail> = new Map()
  /** By partition and producer. */
  readonly producers: Map<string, StagedProducer> = new Map()
  /** By dedup scope and id, the offset of the first record that has the id. */
  readonly ids: Map<number, Map<string, number>> = new Map()
  /** Where the batches went, one for each append. */
  readonly appended: Appended[] = []

  constructor(onRecord: OnRecord, crc32: Crc32) {
    this.#onRecord = onRecord
    this.#crc32 = crc32
  }

  /**
   * Gives a batch its place behind what is staged, unless it is a repeat.
   *
   * @param batch - the append's, with its checksum written
   * @throws EpochFenced, SequenceGap, TopicFull
   */
  append(append: Append, batch: RecordBatch): void {
    this.appended.push(this.#place(append, batch))
  }

  #place(append: Append, batch: RecordBatch): Appended {
    const { partition } = append
    const before = batch.producerId === 0 ? undefined : this.#producer(partition, batch)
    const repeat = before === undefined ? undefined : findRepeat(before, partition, batch)
    if (repeat !== undefined) return { baseOffset: repeat.baseOffset, duplicate: true, offsets: repeat.offsets }
    const { end } = this.#tail(partition)
    const chosen = append.dedupScope === undefined ? undefined : this.#chooseUnknown(append.dedupScope, batch, end)
    requireRoom(append, end + (chosen === undefined ? batch.count : chosen.indexes.length), end)
    if (chosen === undefined) this.#put(partition, append.batch, batch)
    else if (chosen.indexes.length > 0) this.#putChosen(append, chosen.indexes)
    const duplicate = chosen !== undefined && chosen.indexes.length === 0
    const baseOffset = duplicate ? chosen.offsets[0]! : end
    const offsets = chosen?.offsets
    if (before !== undefined) this.#remember(partition, batch, before, baseOffset, offsets)
    return { baseOffset, duplicate, offsets }
  }

  /** Which records have ids that the scope has not seen, and the offsets of all; undefined when all are to be appended. */
  #chooseUnknown(
    scope: number,
    batch: RecordBatch,
    end: number,
  ): { readonly indexes: ReadonlyArray<number>; readonly offsets: ReadonlyArray<number> } | undefined {
    const indexes: number[] = []
    const offsets: number[] = []
    for (let index = 0; index < batch.count; index++) {
      const id = batch.id(index)
      const offset = end + indexes.length
      const known = id === null ? undefined : this.#findOrAddId(scope, id, offset)
      offsets.push(known ?? offset)
      if (known === undefined) indexes.push(index)
    }
    return indexes.length === batch.count ? undefined : { indexes, offsets }
  }

  #findOrAddId(scope: number, id: string, offset: number): number | undefined {
    let staged = this.ids.get(scope)
    if (staged === undefined) {
      staged = new Map()
      this.ids.set(scope, staged)
    }
    const known = staged.get(id) ?? this.#onRecord.offsetOfId(scope, id)
    if (known === undefined) staged.set(id, offset)
    return known
  }

  #putChosen({ partition, batch }: Append, indexes: ReadonlyArray<number>): void {
    const reduced = selectRecords(batch, indexes)
    writeBatchChecksum(reduced, this.#crc32)
    this.#put(partition, reduced, RecordBatch.view(reduced, 0))
  }

  #put(partition: number, bytes: Uint8Array, { count, timestampMax }: RecordBatch): void {
    const { start, end, runningTimestampMax: before, bytes: bytesBefore } = this.#tail(partition)
    const runningTimestampMax = Math.max(before, timestampMax)
    writeRunningTimestampMax(bytes, runningTimestampMax)
    this.batches.push({ partition, baseOffset: end, count, runningTimestampMax, bytes })
    this.tails.set(partition, { start, end: end + count, runningTimestampMax, bytes: bytesBefore + bytes.length })
  }

  #remember(
    partition: number,
    { producerId, sequence, count }: RecordBatch,
    before: ProducerState,
    baseOffset: number,
    offsets: ReadonlyArray<number> | undefined,
  ): void {
    const answered = [...before.answered.slice(1 - batchesRemembered), { sequence, count, baseOffset, offsets }]
    const state = { epoch: before.epoch, nextSequence: sequence + count, answered }
    this.producers.set(`${partition}/${producerId}`, { partition, producerId, state })
  }

  #tail(partition: number): Tail {
    return this.tails.get(partition) ?? this.#onRecord.tail(partition)
  }

  /**
   * What is remembered of the batch's producer, in the batch's epoch: a larger one begins anew.
   *
   * @throws EpochFenced when the batch is of an older one
   */
  #producer(partition: number, { producerId, producerEpoch }: RecordBatch): ProducerState {
    const staged = this.producers.size === 0 ? undefined : this.producers.get(`${partition}/${producerId}`)?.state
    const state = staged ?? this.#onRecord.producer(partition, producerId)
    if (state === undefined || state.epoch < producerEpoch)
      return { epoch: producerEpoch, nextSequence: 0, answered: [] }
    if (state.epoch === producerEpoch) return state
    throw new EpochFenced(
      `producer ${producerId} appends to partition ${partition} in epoch ${producerEpoch}; the epoch on record is ${state.epoch}`,
    )
  }
}

/** @throws TopicFull when new records would lie beyond the append's `endMax` */
const requireRoom = ({ partition, endMax }: Append, end: number, before: number): void => {
  if (endMax === undefined || end <= endMax || end === before) return
  throw new TopicFull(
    `an append to partition ${partition} takes its end from ${before} to ${end}; expected at most ${endMax}, its capacity`,
  )
}

/**
 * How the same batch was answered the first time; undefined when it is new.
 *
 * @throws SequenceGap
 */
const findRepeat = (
  { nextSequence, answered }: ProducerState,
  partition: number,
  { producerId, sequence, count }: RecordBatch,
): AnsweredBatch | undefined => {
  if (sequence === nextSequence) return undefined
  const repeat = answered.find((batch) => batch.sequence === sequence && batch.count === count)
  if (repeat !== undefined) return repeat
  throw new SequenceGap(
    `producer ${producerId} appends sequence ${sequence} to partition ${partition}; expected ${nextSequence}, ` +
      `or one of its last ${batchesRemembered} batches`,
  )
}
