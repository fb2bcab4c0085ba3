import { crc32 } from 'node:zlib'
import {
  CommitConflict,
  epochOf,
  EpochFenced,
  RecordBatch,
  selectRecords,
  SequenceGap,
  WeirError,
  writeBatchChecksum,
  writeRunningTimestampMax,
} from '@weir/core/storage'
import type { Environment } from '../environment.ts'
import { dedupKey, logKey, positionKey, producerKey, tailKey } from '../keys.ts'
import {
  type AnsweredBatch,
  batchesRemembered,
  decodeProducerState,
  encodeProducerState,
  type ProducerState,
} from '../producerState.ts'
import { decodeNumber, decodeTail, encodeNumber, encodeTail, type Tail } from '../tail.ts'
import type { FramedAppend, FramedCommit } from './commitFrame.ts'
import type { Applied, Refusal, RefusalTag, Verdict } from './protocol.ts'

/** A commit that waits for its transaction, with what can be found out before that. */
export interface PreparedCommit {
  readonly commit: FramedCommit
  readonly batches: ReadonlyArray<RecordBatch>
}

/**
 * Looks into a commit's batches and computes their checksums, so that the gate is not held for that.
 *
 * @throws CorruptBatch
 */
export const prepareCommit = (commit: FramedCommit): PreparedCommit => ({
  commit,
  batches: commit.append.map(({ batch }) => {
    const view = RecordBatch.view(batch, 0)
    writeBatchChecksum(batch, crc32)
    return view
  }),
})

/**
 * Applies one commit within the write transaction that is open. Everything is checked before anything is written, so that a
 * refused commit leaves no trace and the others of the transaction go on. They see what was applied before them.
 *
 * The fence is checked first: an owner that is finished must learn so, and not that it should try again.
 */
export const applyCommit = (data: Environment, { commit, batches }: PreparedCommit): Verdict => {
  try {
    requireEpoch(data, commit)
    requireRows(data, commit)
    const positions = stagePositions(data, commit)
    const stage = new AppendStage(data)
    commit.append.forEach((append, index) => stage.append(append, batches[index]!))
    // from here on only lmdb can fail, and that fails the whole transaction
    stage.write()
    for (const { key, next } of positions.values()) data.put(key, encodeNumber(next))
    commit.eachRow((key, value) => {
      if (value === null) data.remove(key)
      else data.put(key, value)
    })
    return stage.applied()
  } catch (error) {
    if (error instanceof WeirError) return refusalOf(error)
    throw error
  }
}

/** What a check found against a commit. */
export const refusalOf = (error: WeirError): Refusal => ({ tag: error._tag as RefusalTag, message: error.message })

const requireEpoch = (data: Environment, { fence }: FramedCommit): void => {
  if (fence === undefined) return
  const onRecord = epochOf(data.get(fence.epochKey))
  if (onRecord !== fence.epoch) {
    throw new EpochFenced(
      `owner '${decoder.decode(fence.owner)}' commits in epoch ${fence.epoch}; the epoch on record is ${onRecord}`,
    )
  }
}

const requireRows = (data: Environment, { expect }: FramedCommit): void => {
  for (const { key, value } of expect) {
    const present = data.get(key)
    const holds =
      value === null || present === undefined
        ? value === null && present === undefined
        : Buffer.compare(value, present) === 0
    if (holds) continue
    const [expected, found] = [value, present].map((bytes) => (bytes == null ? 'absent' : `${bytes.length} bytes`))
    throw new CommitConflict(
      `a row with a key of ${key.length - 1} bytes is ${found}; the commit expects ${expected}, and which`,
    )
  }
}

interface StagedPosition {
  readonly key: Uint8Array
  readonly next: number
}

const stagePositions = (data: Environment, { positions }: FramedCommit): ReadonlyMap<string, StagedPosition> => {
  const staged = new Map<string, StagedPosition>()
  for (const { partition, group, from, next } of positions) {
    const name = decoder.decode(group)
    const id = `${partition}/${name}`
    const key = positionKey(partition, group)
    const onRecord = staged.get(id)?.next ?? decodeNumber(data.get(key)) ?? 0
    if (onRecord !== from) {
      throw new CommitConflict(
        `group '${name}' moves its position of partition ${partition} from ${from} to ${next}; the one on record is ${onRecord}`,
      )
    }
    staged.set(id, { key, next })
  }
  return staged
}

/** What the appends of one commit will write, over an environment that is only read until `write`. */
class AppendStage {
  readonly #data: Environment
  readonly #batches: Array<{ readonly key: Uint8Array; readonly batch: Uint8Array }> = []
  readonly #tails = new Map<number, Tail>()
  readonly #producers = new Map<string, { readonly key: Uint8Array; readonly state: ProducerState }>()
  /** By scope and id. */
  readonly #ids = new Map<string, { readonly key: Uint8Array; readonly offset: number }>()
  readonly #places: number[] = []
  #offsets: Map<number, ReadonlyArray<number>> | undefined

  constructor(data: Environment) {
    this.#data = data
  }

  /**
   * Gives a batch its place behind what is staged, unless it is a repeat.
   *
   * @throws EpochFenced, SequenceGap
   */
  append(append: FramedAppend, batch: RecordBatch): void {
    const repeat = this.#findRepeat(append.partition, batch)
    if (repeat !== undefined) return this.#answer(repeat.baseOffset, true, repeat.offsets)
    const end = this.#tail(append.partition).end
    const { selected, offsets } = this.#selectUnknown(append, batch, end)
    if (selected === undefined) this.#put(append.partition, append.batch, batch)
    else if (selected.length > 0) this.#putSelected(append, selected)
    const nothingNew = selected !== undefined && selected.length === 0
    const baseOffset = nothingNew ? offsets![0]! : end
    this.#remember(append.partition, batch, { sequence: batch.sequence, count: batch.count, baseOffset, offsets })
    this.#answer(baseOffset, nothingNew, offsets)
  }

  write(): void {
    for (const { key, batch } of this.#batches) this.#data.put(key, batch)
    for (const [partition, tail] of this.#tails) this.#data.put(tailKey(partition), encodeTail(tail))
    for (const { key, state } of this.#producers.values()) this.#data.put(key, encodeProducerState(state))
    for (const { key, offset } of this.#ids.values()) this.#data.put(key, encodeNumber(offset))
  }

  applied(): Applied {
    return { places: this.#places, offsets: this.#offsets }
  }

  #answer(baseOffset: number, duplicate: boolean, offsets: ReadonlyArray<number> | undefined): void {
    if (offsets !== undefined) (this.#offsets ??= new Map()).set(this.#places.length, offsets)
    this.#places.push(duplicate ? -1 - baseOffset : baseOffset)
  }

  /** How the same batch was answered the first time; undefined when it is new. */
  #findRepeat(partition: number, batch: RecordBatch): AnsweredBatch | undefined {
    const { producerId, producerEpoch, sequence, count } = batch
    if (producerId === 0) return undefined
    const state = this.#producer(partition, producerId)
    if (state !== undefined && producerEpoch < state.epoch) {
      throw new EpochFenced(
        `producer ${producerId} appends to partition ${partition} in epoch ${producerEpoch}; the epoch on record is ${state.epoch}`,
      )
    }
    const known = state?.epoch === producerEpoch ? state : undefined
    const expected = known?.nextSequence ?? 0
    if (sequence === expected) return undefined
    const repeat = known?.answered.find((answered) => answered.sequence === sequence && answered.count === count)
    if (repeat !== undefined) return repeat
    throw new SequenceGap(
      `producer ${producerId} appends sequence ${sequence} to partition ${partition}; expected ${expected}, ` +
        `or one of its last ${batchesRemembered} batches`,
    )
  }

  /** Which records have ids that the scope has not seen, and the offsets of all; nothing when all are to be appended. */
  #selectUnknown(
    { dedupScope }: FramedAppend,
    batch: RecordBatch,
    end: number,
  ): { readonly selected?: ReadonlyArray<number>; readonly offsets?: ReadonlyArray<number> | undefined } {
    if (dedupScope === undefined) return {}
    const selected: number[] = []
    const offsets: number[] = []
    for (let index = 0; index < batch.count; index++) {
      const id = batch.id(index)
      const offset = end + selected.length
      const known = id === null ? undefined : this.#findOrAddId(dedupScope, id, offset)
      offsets.push(known ?? offset)
      if (known === undefined) selected.push(index)
    }
    return selected.length === batch.count ? {} : { selected, offsets }
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

  #putSelected({ partition, batch }: FramedAppend, selected: ReadonlyArray<number>): void {
    const reduced = selectRecords(batch, selected)
    writeBatchChecksum(reduced, crc32)
    this.#put(partition, reduced, RecordBatch.view(reduced, 0))
  }

  #put(partition: number, bytes: Uint8Array, batch: RecordBatch): void {
    const tail = this.#tail(partition)
    const runningTimestampMax = Math.max(tail.runningTimestampMax, batch.timestampMax)
    writeRunningTimestampMax(bytes, runningTimestampMax)
    this.#batches.push({ key: logKey(partition, tail.end), batch: bytes })
    this.#tails.set(partition, { start: tail.start, end: tail.end + batch.count, runningTimestampMax })
  }

  #remember(partition: number, { producerId, producerEpoch }: RecordBatch, answer: AnsweredBatch): void {
    if (producerId === 0) return
    const before = this.#producer(partition, producerId)
    const answered = before?.epoch === producerEpoch ? before.answered : []
    this.#producers.set(`${partition}/${producerId}`, {
      key: producerKey(partition, producerId),
      state: {
        epoch: producerEpoch,
        nextSequence: answer.sequence + answer.count,
        answered: [...answered, answer].slice(-batchesRemembered),
      },
    })
  }

  #tail(partition: number): Tail {
    return this.#tails.get(partition) ?? decodeTail(this.#data.get(tailKey(partition)))
  }

  #producer(partition: number, producerId: number): ProducerState | undefined {
    const staged = this.#producers.get(`${partition}/${producerId}`)
    return staged?.state ?? decodeProducerState(this.#data.get(producerKey(partition, producerId)))
  }
}

const decoder = new TextDecoder()
