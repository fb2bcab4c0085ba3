import { crc32 } from 'node:zlib'
import {
  EpochFenced,
  RecordBatch,
  selectRecords,
  SequenceGap,
  writeBatchChecksum,
  writeRunningTimestampMax,
} from '@weir/core/storage'
import type { Environment } from '../environment.ts'
import { dedupKey, logKey, producerKey, tailKey } from '../keys.ts'
import {
  type AnsweredBatch,
  batchesRemembered,
  decodeProducerState,
  encodeProducerState,
  type ProducerState,
} from '../producerState.ts'
import { decodeNumber, decodeTail, encodeNumber, encodeTail, type Tail } from '../tail.ts'
import type { FramedAppend } from './commitFrame.ts'
import { type PartitionCache, producerName } from './PartitionCache.ts'
import type { Places, PlacesWithOffsets } from './protocol.ts'

/** What the appends of one commit will write, over an environment that is only read until `write`. */
export class AppendStage {
  readonly #data: Environment
  readonly #cache: PartitionCache
  readonly #batches: Array<{ readonly key: Uint8Array; readonly bytes: Uint8Array }> = []
  readonly #tails = new Map<number, Tail>()
  readonly #producers = new Map<string, { readonly key: Uint8Array; readonly state: ProducerState }>()
  /** By scope and id. */
  readonly #ids = new Map<string, { readonly key: Uint8Array; readonly offset: number }>()
  readonly #places: number[] = []
  #offsets: Map<number, ReadonlyArray<number>> | undefined

  constructor(data: Environment, cache: PartitionCache) {
    this.#data = data
    this.#cache = cache
  }

  /**
   * Gives a batch its place behind what is staged, unless it is a repeat.
   *
   * @throws EpochFenced, SequenceGap
   */
  append(append: FramedAppend, batch: RecordBatch): void {
    const { partition } = append
    const before = batch.producerId === 0 ? undefined : this.#producer(partition, batch)
    const repeat = before === undefined ? undefined : findRepeat(before, partition, batch)
    if (repeat !== undefined) return this.#answer(repeat.baseOffset, true, repeat.offsets)
    const { end } = this.#tail(partition)
    const chosen = append.dedupScope === undefined ? undefined : this.#chooseUnknown(append.dedupScope, batch, end)
    if (chosen === undefined) this.#put(partition, append.batch, batch)
    else if (chosen.indexes.length > 0) this.#putChosen(append, chosen.indexes)
    const nothingNew = chosen !== undefined && chosen.indexes.length === 0
    const baseOffset = nothingNew ? chosen.offsets[0]! : end
    if (before !== undefined) this.#remember(partition, batch, before, baseOffset, chosen?.offsets)
    this.#answer(baseOffset, nothingNew, chosen?.offsets)
  }

  write(): void {
    for (const { key, bytes } of this.#batches) this.#data.put(key, bytes)
    for (const [partition, tail] of this.#tails) {
      this.#data.put(tailKey(partition), encodeTail(tail))
      this.#cache.tails.set(partition, tail)
    }
    for (const [name, { key, state }] of this.#producers) {
      this.#data.put(key, encodeProducerState(state))
      this.#cache.producers.set(name, state)
    }
    for (const { key, offset } of this.#ids.values()) this.#data.put(key, encodeNumber(offset))
  }

  /** Where the batches went. */
  verdict(): Places | PlacesWithOffsets {
    return this.#offsets === undefined ? this.#places : { places: this.#places, offsets: this.#offsets }
  }

  #answer(baseOffset: number, duplicate: boolean, offsets: ReadonlyArray<number> | undefined): void {
    if (offsets !== undefined) (this.#offsets ??= new Map()).set(this.#places.length, offsets)
    this.#places.push(duplicate ? -1 - baseOffset : baseOffset)
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
    const name = `${scope}/${id}`
    const staged = this.#ids.get(name)
    if (staged !== undefined) return staged.offset
    const key = dedupKey(scope, id)
    const known = decodeNumber(this.#data.get(key))
    if (known === undefined) this.#ids.set(name, { key, offset })
    return known
  }

  #putChosen({ partition, batch }: FramedAppend, indexes: ReadonlyArray<number>): void {
    const reduced = selectRecords(batch, indexes)
    writeBatchChecksum(reduced, crc32)
    this.#put(partition, reduced, RecordBatch.view(reduced, 0))
  }

  #put(partition: number, bytes: Uint8Array, batch: RecordBatch): void {
    const tail = this.#tail(partition)
    const runningTimestampMax = Math.max(tail.runningTimestampMax, batch.timestampMax)
    writeRunningTimestampMax(bytes, runningTimestampMax)
    this.#batches.push({ key: logKey(partition, tail.end), bytes })
    this.#tails.set(partition, { start: tail.start, end: tail.end + batch.count, runningTimestampMax })
  }

  #remember(
    partition: number,
    { producerId, sequence, count }: RecordBatch,
    before: ProducerState,
    baseOffset: number,
    offsets: ReadonlyArray<number> | undefined,
  ): void {
    const answered = [...before.answered.slice(1 - batchesRemembered), { sequence, count, baseOffset, offsets }]
    this.#producers.set(producerName(partition, producerId), {
      key: producerKey(partition, producerId),
      state: { epoch: before.epoch, nextSequence: sequence + count, answered },
    })
  }

  #tail(partition: number): Tail {
    return (
      this.#tails.get(partition) ?? this.#cache.tails.get(partition) ?? decodeTail(this.#data.get(tailKey(partition)))
    )
  }

  /**
   * What is remembered of the batch's producer, in the batch's epoch: a larger one begins anew.
   *
   * @throws EpochFenced when the batch is of an older one
   */
  #producer(partition: number, { producerId, producerEpoch }: RecordBatch): ProducerState {
    const name = producerName(partition, producerId)
    const state =
      this.#producers.get(name)?.state ??
      this.#cache.producers.get(name) ??
      decodeProducerState(this.#data.get(producerKey(partition, producerId)))
    if (state === undefined || state.epoch < producerEpoch)
      return { epoch: producerEpoch, nextSequence: 0, answered: [] }
    if (state.epoch === producerEpoch) return state
    throw new EpochFenced(
      `producer ${producerId} appends to partition ${partition} in epoch ${producerEpoch}; the epoch on record is ${state.epoch}`,
    )
  }
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
