import { crc32 } from 'node:zlib'
import { type Append, type Appended, EpochFenced, RecordBatch, sealBatch, selectRecords, SequenceGap } from '@weir/core'
import {
  type AnsweredBatch,
  batchesRemembered,
  type DiskState,
  producerKey,
  type ProducerState,
  type StoredBatch,
} from './DiskState.ts'

/** What the appends of one commit change, over a disk that is only read. */
export interface AppendStage {
  readonly disk: DiskState
  readonly batches: Array<{ readonly partition: number; readonly batch: StoredBatch }>
  readonly tails: Map<number, Tail>
  readonly producers: Map<string, ProducerState>
  /** By scope: ids seen in this commit. */
  readonly ids: Map<number, Map<string, number>>
}

interface Tail {
  readonly end: number
  readonly runningTimestampMax: number
}

/** A stage without changes. */
export const stageOf = (disk: DiskState): AppendStage => ({
  disk,
  batches: [],
  tails: new Map(),
  producers: new Map(),
  ids: new Map(),
})

/**
 * Gives a batch its place behind what is staged, unless it is a repeat.
 *
 * @throws EpochFenced, SequenceGap, CorruptBatch
 */
export const stageAppend = (stage: AppendStage, append: Append): Appended => {
  const batch = RecordBatch.view(append.batch, 0)
  const repeat = findRepeat(stage, append.partition, batch)
  if (repeat !== undefined) return { baseOffset: repeat.baseOffset, duplicate: true, offsets: repeat.offsets }
  const appended =
    append.dedupScope === undefined || !hasIds(batch)
      ? { baseOffset: put(stage, append.partition, append.batch, batch), duplicate: false }
      : putUnknown(stage, append.partition, append.dedupScope, append.batch, batch)
  remember(stage, append.partition, batch, appended)
  return appended
}

/** The answer to the same batch the first time; undefined when it is new. */
const findRepeat = (stage: AppendStage, partition: number, batch: RecordBatch): AnsweredBatch | undefined => {
  const { producerId, producerEpoch, sequence } = batch
  if (producerId === 0) return undefined
  const state = producerState(stage, producerId, partition)
  if (state !== undefined && producerEpoch < state.epoch) {
    throw new EpochFenced(
      `producer ${producerId} appends to partition ${partition} in epoch ${producerEpoch}; the epoch on record is ${state.epoch}`,
    )
  }
  const known = state !== undefined && producerEpoch === state.epoch ? state : undefined
  const expected = known === undefined ? 0 : known.nextSequence
  if (sequence === expected) return undefined
  const repeat = known?.answered.find((answered) => answered.sequence === sequence && answered.count === batch.count)
  if (repeat !== undefined) return repeat
  throw new SequenceGap(
    `producer ${producerId} appends sequence ${sequence} to partition ${partition}; expected ${expected}, ` +
      `or one of its last ${batchesRemembered} batches`,
  )
}

/** Appends the records whose ids the scope has not seen. */
const putUnknown = (
  stage: AppendStage,
  partition: number,
  scope: number,
  bytes: Uint8Array,
  batch: RecordBatch,
): Appended => {
  const first = tailOf(stage, partition).end
  const selected: number[] = []
  const offsets: number[] = []
  for (let index = 0; index < batch.count; index++) {
    const id = batch.id(index)
    const known = id === null ? undefined : knownOffset(stage, scope, id)
    const offset = known ?? first + selected.length
    offsets.push(offset)
    if (known !== undefined) continue
    selected.push(index)
    if (id !== null) idsOf(stage, scope).set(id, offset)
  }
  if (selected.length === 0) return { baseOffset: offsets[0]!, duplicate: true, offsets }
  if (selected.length === batch.count) return { baseOffset: put(stage, partition, bytes, batch), duplicate: false }
  const reduced = selectRecords(bytes, selected)
  put(stage, partition, reduced, RecordBatch.view(reduced, 0))
  return { baseOffset: first, duplicate: false, offsets }
}

/** Seals the batch and gives it the next offsets. */
const put = (stage: AppendStage, partition: number, bytes: Uint8Array, batch: RecordBatch): number => {
  const tail = tailOf(stage, partition)
  const runningTimestampMax = Math.max(tail.runningTimestampMax, batch.timestampMax)
  sealBatch(bytes, runningTimestampMax, crc32)
  const stored = { baseOffset: tail.end, count: batch.count, runningTimestampMax, bytes }
  stage.batches.push({ partition, batch: stored })
  stage.tails.set(partition, { end: tail.end + batch.count, runningTimestampMax })
  return tail.end
}

const remember = (stage: AppendStage, partition: number, batch: RecordBatch, appended: Appended): void => {
  const { producerId, producerEpoch, sequence, count } = batch
  if (producerId === 0) return
  const before = producerState(stage, producerId, partition)
  const answered = before?.epoch === producerEpoch ? before.answered : []
  const answer = { sequence, count, baseOffset: appended.baseOffset, offsets: appended.offsets }
  stage.producers.set(producerKey(producerId, partition), {
    epoch: producerEpoch,
    nextSequence: sequence + count,
    answered: [...answered, answer].slice(-batchesRemembered),
  })
}

const hasIds = (batch: RecordBatch): boolean => {
  for (let index = 0; index < batch.count; index++) if (batch.id(index) !== null) return true
  return false
}

const tailOf = ({ tails, disk }: AppendStage, partition: number): Tail => {
  const staged = tails.get(partition)
  if (staged !== undefined) return staged
  const log = disk.logs.get(partition)
  return { end: log?.end ?? 0, runningTimestampMax: log?.batches.at(-1)?.runningTimestampMax ?? -Infinity }
}

const producerState = (
  { producers, disk }: AppendStage,
  producerId: number,
  partition: number,
): ProducerState | undefined => {
  const key = producerKey(producerId, partition)
  return producers.get(key) ?? disk.producers.get(key)
}

const knownOffset = ({ ids, disk }: AppendStage, scope: number, id: string): number | undefined =>
  ids.get(scope)?.get(id) ?? disk.dedup.get(scope)?.get(id)

const idsOf = ({ ids }: AppendStage, scope: number): Map<string, number> => {
  let staged = ids.get(scope)
  if (staged === undefined) {
    staged = new Map()
    ids.set(scope, staged)
  }
  return staged
}
