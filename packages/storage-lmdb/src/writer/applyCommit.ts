import { crc32 } from 'node:zlib'
import {
  type Appended,
  batchCount,
  batchHasIds,
  batchProducerEpoch,
  batchProducerId,
  batchSequence,
  batchTimestampMax,
  epochOf,
  epochRow,
  RecordBatch,
  sealBatch,
  selectRecords,
} from '@weir/core'
import type { Environment } from '../environment.ts'
import { batchKey, dedupKey, positionKey, producerKey, rowStorageKey, tailKey } from '../keys.ts'
import { decodeProducer, encodeProducer, type ProducerState, withBatch } from '../producerRow.ts'
import { decodeOffset, decodeTail, encodeOffset, encodeTail } from '../tail.ts'
import { type CommitRequest, forEachRow, type RefusalTag, type Verdict } from './protocol.ts'

type AppendRequest = CommitRequest['append'][number]

/**
 * Applies one commit within the transaction that is open: checks everything first, then writes, so that a refused commit
 * leaves no trace and the others of the transaction go on.
 */
export const applyCommit = (data: Environment, commit: CommitRequest): Verdict => {
  const refusal = refusalOf(data, commit)
  if (refusal !== undefined) return refusal
  const appends = commit.append.map((append) => applyAppend(data, append))
  for (const { group, partition, next } of commit.positions) data.put(positionKey(group, partition), encodeOffset(next))
  if (commit.rows !== undefined) {
    forEachRow(commit.rows, (key, value) => {
      if (value === null) data.remove(rowStorageKey(key))
      else data.put(rowStorageKey(key), value as Buffer)
    })
  }
  return { kind: 'committed', appends }
}

const refusalOf = (data: Environment, commit: CommitRequest): Verdict | undefined =>
  fenceRefusal(data, commit) ??
  expectationRefusal(data, commit) ??
  positionRefusal(data, commit) ??
  sequenceRefusal(data, commit.append)

const refuse = (tag: RefusalTag, message: string): Verdict => ({ kind: 'refused', tag, message })

const fenceRefusal = (data: Environment, { fence }: CommitRequest): Verdict | undefined => {
  if (fence === undefined) return undefined
  const epoch = epochOf(data.getBinary(rowStorageKey(epochRow(fence.owner))))
  if (epoch === fence.epoch) return undefined
  return refuse('EpochFenced', `owner '${fence.owner}' commits in epoch ${fence.epoch}, but epoch ${epoch} is on record`)
}

const expectationRefusal = (data: Environment, { expect }: CommitRequest): Verdict | undefined => {
  for (const { key, value } of expect) {
    const found = data.getBinary(rowStorageKey(key))
    const holds = value === null ? found === undefined : found !== undefined && Buffer.compare(found, value) === 0
    if (!holds) return refuse('CommitConflict', `row ${Buffer.from(key).toString('hex')} is not as the commit expects`)
  }
  return undefined
}

const positionRefusal = (data: Environment, { positions }: CommitRequest): Verdict | undefined => {
  for (const { group, partition, from } of positions) {
    const position = decodeOffset(data.getBinary(positionKey(group, partition)))
    if (position !== from) {
      const message = `group '${group}' is at position ${position} of partition ${partition}; the commit expects ${from}`
      return refuse('CommitConflict', message)
    }
  }
  return undefined
}

/** The sequences of all appends are checked together: several batches of a producer for one partition follow each other. */
const sequenceRefusal = (data: Environment, appends: ReadonlyArray<AppendRequest>): Verdict | undefined => {
  const states = new Map<string, ProducerState>()
  for (const { partition, batch } of appends) {
    const id = batchProducerId(batch)
    if (id === 0) continue
    const key = `${partition}/${id}`
    const state = states.get(key) ?? producerState(data, partition, batch)
    const sequence = batchSequence(batch)
    const epoch = batchProducerEpoch(batch)
    if (epoch < state.epoch) {
      return refuse('EpochFenced', `producer ${id} appends in epoch ${epoch}, but epoch ${state.epoch} is on record`)
    }
    if (sequence > state.nextSequence) {
      return refuse(
        'SequenceGap',
        `producer ${id} appends sequence ${sequence} to partition ${partition}; expected ${state.nextSequence}`,
      )
    }
    if (sequence < state.nextSequence && rememberedBatch(state, batch) === undefined) {
      return refuse(
        'SequenceGap',
        `producer ${id} repeats sequence ${sequence} of partition ${partition}, which is no longer remembered`,
      )
    }
    const next = Math.max(state.nextSequence, sequence + batchCount(batch))
    states.set(key, { ...state, nextSequence: next })
  }
  return undefined
}

const rememberedBatch = (state: ProducerState, batch: Uint8Array): ProducerState['batches'][number] | undefined =>
  state.batches.find(({ sequence, count }) => sequence === batchSequence(batch) && count === batchCount(batch))

/** A producer's state as the batch finds it: a larger epoch begins anew. */
const producerState = (data: Environment, partition: number, batch: Uint8Array): ProducerState => {
  const epoch = batchProducerEpoch(batch)
  const row = data.getBinary(producerKey(partition, batchProducerId(batch)))
  const stored = row === undefined ? undefined : decodeProducer(row)
  return stored === undefined || stored.epoch < epoch ? { epoch, nextSequence: 0, batches: [] } : stored
}

const applyAppend = (data: Environment, append: AppendRequest): Appended => {
  const { partition, batch, dedupScope } = append
  const id = batchProducerId(batch)
  if (id === 0) return appendBatch(data, partition, batch, dedupScope)
  const state = producerState(data, partition, batch)
  const repeated = rememberedBatch(state, batch)
  if (repeated !== undefined) return { baseOffset: repeated.baseOffset, duplicate: true }
  const appended = appendBatch(data, partition, batch, dedupScope)
  const next = withBatch(state, {
    sequence: batchSequence(batch),
    count: batchCount(batch),
    baseOffset: appended.baseOffset,
  })
  data.put(producerKey(partition, id), encodeProducer(next))
  return appended
}

const appendBatch = (
  data: Environment,
  partition: number,
  batch: Uint8Array,
  dedupScope: number | undefined,
): Appended => {
  const tail = decodeTail(data.getBinary(tailKey(partition)))
  if (dedupScope === undefined || !batchHasIds(batch)) {
    putBatch(data, partition, batch, tail)
    return { baseOffset: tail.end, duplicate: false }
  }
  const { offsets, fresh } = deduplicate(data, partition, batch, dedupScope, tail.end)
  if (fresh.length === 0) return { baseOffset: tail.end, duplicate: true, offsets }
  putBatch(data, partition, fresh.length === offsets.length ? batch : selectRecords(batch, fresh), tail)
  return fresh.length === offsets.length ? { baseOffset: tail.end, duplicate: false } : { baseOffset: tail.end, duplicate: false, offsets }
}

/** Which records are new, and the offset that each record has or had first. */
const deduplicate = (
  data: Environment,
  partition: number,
  batch: Uint8Array,
  scope: number,
  end: number,
): { readonly offsets: ReadonlyArray<number>; readonly fresh: ReadonlyArray<number> } => {
  const view = RecordBatch.view(batch, end)
  const offsets: number[] = []
  const fresh: number[] = []
  for (let index = 0; index < view.count; index++) {
    const id = view.id(index)
    const offset = end + fresh.length
    if (id !== null) {
      const key = dedupKey(scope, id)
      const known = data.getBinary(key)
      if (known !== undefined) {
        offsets.push(known.readDoubleBE(4))
        continue
      }
      const place = Buffer.allocUnsafe(12)
      place.writeUInt32BE(partition, 0)
      place.writeDoubleBE(offset, 4)
      data.put(key, place)
    }
    offsets.push(offset)
    fresh.push(index)
  }
  return { offsets, fresh }
}

const putBatch = (
  data: Environment,
  partition: number,
  batch: Uint8Array,
  tail: { readonly end: number; readonly runningTimestampMax: number },
): void => {
  const runningTimestampMax = Math.max(tail.runningTimestampMax, batchTimestampMax(batch))
  sealBatch(batch, runningTimestampMax, crc32)
  data.put(batchKey(partition, tail.end), batch as Buffer)
  data.put(tailKey(partition), encodeTail({ end: tail.end + batchCount(batch), runningTimestampMax }))
}
