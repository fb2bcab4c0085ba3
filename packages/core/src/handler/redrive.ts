import { chainRec } from '../future/chainRec.ts'
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { OpenLog } from '../log/OpenLog.ts'
import { requireTopic } from '../log/requireTopic.ts'
import { roomOf } from '../log/roomOf.ts'
import { findTopic, requireTopicInfo, type TopicInfo } from '../log/topicCatalog.ts'
import { withinCapacity } from '../log/withinCapacity.ts'
import { CommitConflict, InvalidOption, StorageClosed, TopicFull, UnknownTopic } from '../model/errors.ts'
import { type Append, commitOf } from '../ports/Commit.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import { RecordBatchBuilder } from '../model/RecordBatchBuilder.ts'
import { invariant } from '../model/invariant.ts'
import { reservedHeaders } from '../model/reservedHeaders.ts'
import type { Storage } from '../ports/Storage.ts'
import type { AnyTopic } from './HandlerOptions.ts'

/** What came of a redrive. */
export interface Redriven {
  /** How many dead letters were sent back. */
  readonly sent: number
  /** How many say no origin: no dead letters, they stay where they are and are passed over. */
  readonly passedOver: number
}

/** The group whose positions say which dead letters were sent back. */
const redriveGroup = 'weir.redrive'
const readBounds = { recordsMax: 1_000, bytesMax: 1 << 20 }

/**
 * Sends the dead letters of a topic back to where they came from, each once, whoever calls this and however often: the
 * position in the dead-letter topic moves in the commit that appends them.
 *
 * They go to their old partition with their bytes, headers and id as they were; the id is stored with them, and not looked
 * at, since it is known there. Of the groups that read that topic by handlers, the one that gave a record up handles it
 * again, and the others skip it; jobs of other operators see it a second time. A time to live does not count any more.
 *
 * An origin with a capacity is not filled beyond it. When it is full, this waits for room if the topic says `wait`; with
 * `drop-oldest` the oldest make room; with `reject` and `drop-newest` it fails with TopicFull, and what is left stays.
 *
 * @returns once all that were there at the call are sent back
 * @throws UnknownTopic when the dead-letter topic is not in the storage, or the origin of one of them is not; InvalidOption for
 *   what is no topic, and when the origin has no such partition; TopicFull; StorageClosed when the Weir is closed while it waits. What comes before that one in
 *   its partition was sent back
 */
export const redrive = (
  log: Pick<OpenLog, 'storage' | 'onClose'>,
  deadLetters: AnyTopic | string,
): CompletableFuture<Redriven> =>
  CompletableFuture.supply(() => {
    if (typeof deadLetters !== 'string') requireTopic('redrive: the topic', deadLetters)
    const name = typeof deadLetters === 'string' ? deadLetters : deadLetters.name
    const { firstPartition, partitions } = requireTopicInfo(log.storage, name)
    return CompletableFuture.allOf(
      Array.from({ length: partitions }, (_, index) => redrivePartition(log, firstPartition + index)),
    )
  }).thenApply((each) => ({
    sent: each.reduce((sum, { sent }) => sum + sent, 0),
    passedOver: each.reduce((sum, { passedOver }) => sum + passedOver, 0),
  }))

const redrivePartition = (
  log: Pick<OpenLog, 'storage' | 'onClose'>,
  partition: number,
): CompletableFuture<Redriven> => {
  const { storage } = log
  const { end, start } = storage.bounds(partition)
  return chainRec({ sent: 0, passedOver: 0 }, (total: Redriven): CompletableFuture<Either<Redriven, Redriven>> => {
    const from = storage.position(redriveGroup, partition)
    const first = Math.max(from, start)
    if (first >= end) return CompletableFuture.completed(right(total))
    return storage.read(partition, first, readBounds).thenCompose(({ batches }) => {
      const { append, next, targets, full, ...moved } = sentBack(storage, batches, first, end)
      if (full !== undefined && next === first) return roomIn(log, full).thenApply(() => left(total))
      const positions = [{ group: redriveGroup, partition, from, next }]
      const fitting = withinCapacity(storage, append, targets, true)
      invariant(fitting !== undefined && fitting.dropped === 0, 'no more is sent back than there is room for')
      return storage
        .commit(commitOf({ positions, append: fitting.append, trim: fitting.trim }))
        .thenApply(() => left({ sent: total.sent + moved.sent, passedOver: total.passedOver + moved.passedOver }))
        .exceptionally((error) => {
          // somebody else has sent them back, or has filled the topic
          if (error instanceof CommitConflict && storage.position(redriveGroup, partition) !== from) return left(total)
          if (error instanceof TopicFull) return left(total)
          throw error
        })
    })
  })
}

/** Waits until something has changed, if the topic says so. */
const roomIn = (
  { storage, onClose }: Pick<OpenLog, 'storage' | 'onClose'>,
  { name, capacity }: TopicInfo,
): CompletableFuture<void> => {
  if (capacity?.whenFull !== 'wait')
    throw new TopicFull(`topic '${name}' has no room for a dead letter: it stays where it is, and those behind it`)
  const changed = new CompletableFuture<void>()
  const stops = [
    storage.onChange(() => changed.complete(undefined)),
    onClose(() => {
      changed.completeExceptionally(new StorageClosed(`the Weir was closed while topic '${name}' had no room`))
    }),
  ]
  return changed.whenComplete(() => stops.forEach((stop) => stop()))
}

function* keptRecords(
  batches: ReadonlyArray<RecordBatch>,
): Generator<{ readonly batch: RecordBatch; readonly index: number; readonly offset: number }> {
  for (const batch of batches) {
    for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1)) {
      yield { batch, index, offset: batch.baseOffset + index }
    }
  }
}

const sentBack = (
  storage: Storage,
  batches: ReadonlyArray<RecordBatch>,
  first: number,
  end: number,
): Redriven & {
  readonly append: ReadonlyArray<Append>
  readonly next: number
  readonly targets: Iterable<TopicInfo>
  /** The topic that has no room for what comes next. */
  readonly full: TopicInfo | undefined
} => {
  const builders = new Map<number, RecordBatchBuilder>()
  const targets = new Map<string, TopicInfo>()
  let full: TopicInfo | undefined
  let sent = 0
  let passedOver = 0
  let next = first
  let isWhole = true
  for (const { batch, index, offset } of keptRecords(batches)) {
    if (offset < first || offset >= end) continue
    const headers = batch.headers(index)
    const target = originOf(storage, headers)
    // what comes before it goes back first
    if (isLeft(target) && next > first) {
      isWhole = false
      break
    }
    if (isLeft(target)) throw target.left
    const origin = target.right
    if (origin === undefined) {
      next = offset + 1
      passedOver++
      continue
    }
    const builder = builders.get(origin.partition) ?? new RecordBatchBuilder({})
    if (builder.count >= roomFor(storage, origin)) {
      isWhole = false
      full = origin.info
      break
    }
    next = offset + 1
    targets.set(origin.info.name, origin.info)
    builders.set(origin.partition, builder)
    const id = headers[reservedHeaders.id] ?? null
    builder.add(batch.key(index), batch.value(index), batch.timestamp(index), id, withoutCause(headers), -Infinity)
    sent++
  }
  const last = batches.at(-1)
  if (isWhole && last !== undefined) next = Math.min(end, last.baseOffset + last.count)
  const append = [...builders].map(([partition, builder]): Append => ({ partition, batch: builder.build() }))
  return { append, next, sent, passedOver, targets: targets.values(), full }
}

/** How many records one commit may append there. */
const roomFor = (storage: Storage, { partition, info: { capacity } }: Origin): number => {
  if (capacity === undefined) return Infinity
  return capacity.whenFull === 'drop-oldest' ? capacity.countMax : roomOf(storage, partition, capacity.countMax).room
}

interface Origin {
  /** The place in the storage. */
  readonly partition: number
  readonly info: TopicInfo
}

/** Where it comes from, `undefined` when the headers name no origin; or what is wrong with what they name. */
const originOf = (
  storage: Storage,
  headers: Readonly<Record<string, string>>,
): Either<UnknownTopic | InvalidOption, Origin | undefined> => {
  const topic = headers[reservedHeaders.topic]
  const partition = Number(headers[reservedHeaders.partition])
  if (topic === undefined || headers[reservedHeaders.partition] === undefined) return right(undefined)
  const info = findTopic(storage, topic)
  if (info === undefined)
    return left(new UnknownTopic(`a dead letter is of topic '${topic}', which is not in this storage`))
  if (Number.isInteger(partition) && partition >= 0 && partition < info.partitions)
    return right({ partition: info.firstPartition + partition, info })
  return left(
    new InvalidOption(
      `a dead letter says that it is of partition ${partition} of topic '${topic}'; expected 0 to ${info.partitions - 1}`,
    ),
  )
}

const dropped: ReadonlyArray<string> = [
  reservedHeaders.topic,
  reservedHeaders.partition,
  reservedHeaders.offset,
  reservedHeaders.cause,
  reservedHeaders.attempts,
  reservedHeaders.id,
  reservedHeaders.expiresAt,
  'weir.part',
]

const withoutCause = (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const kept = Object.entries(headers).filter(([name]) => !dropped.includes(name))
  const offset = headers[reservedHeaders.offset]
  return Object.fromEntries(offset === undefined ? kept : [...kept, [reservedHeaders.redriven, offset]])
}
