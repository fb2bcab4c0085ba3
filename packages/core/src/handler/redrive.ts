import { chainRec } from '../future/chainRec.ts'
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { findTopic } from '../log/topicCatalog.ts'
import { CommitConflict, InvalidOption, UnknownTopic } from '../model/errors.ts'
import { type Append, commitOf } from '../ports/Commit.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import { RecordBatchBuilder } from '../model/RecordBatchBuilder.ts'
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
 * @returns once all that were there at the call are sent back
 * @throws UnknownTopic when the dead-letter topic is not in the storage, or the origin of one of them is not; InvalidOption when
 *   that has no such partition. What comes before that one in its partition was sent back
 */
export const redrive = (
  { storage }: { readonly storage: Storage },
  deadLetters: AnyTopic | string,
): CompletableFuture<Redriven> =>
  CompletableFuture.supply(() => {
    const name = typeof deadLetters === 'string' ? deadLetters : deadLetters.name
    const { firstPartition, partitions } = requireTopic(storage, name)
    return CompletableFuture.allOf(
      Array.from({ length: partitions }, (_, index) => redrivePartition(storage, firstPartition + index)),
    )
  }).thenApply((each) => ({
    sent: each.reduce((sum, { sent }) => sum + sent, 0),
    passedOver: each.reduce((sum, { passedOver }) => sum + passedOver, 0),
  }))

const requireTopic = (
  storage: Storage,
  name: string,
): { readonly firstPartition: number; readonly partitions: number } => {
  const info = findTopic(storage, name)
  if (info === undefined) throw new UnknownTopic(`topic '${name}' is not in this storage; expected one of topics()`)
  return info
}

const redrivePartition = (storage: Storage, partition: number): CompletableFuture<Redriven> => {
  const { end, start } = storage.bounds(partition)
  return chainRec({ sent: 0, passedOver: 0 }, (total: Redriven): CompletableFuture<Either<Redriven, Redriven>> => {
    const from = storage.position(redriveGroup, partition)
    const first = Math.max(from, start)
    if (first >= end) return CompletableFuture.completed(right(total))
    return storage.read(partition, first, readBounds).thenCompose(({ batches }) => {
      const { append, next, ...moved } = sentBack(storage, batches, first, end)
      const positions = [{ group: redriveGroup, partition, from, next }]
      return storage
        .commit(commitOf({ append, positions }))
        .thenApply(() => left({ sent: total.sent + moved.sent, passedOver: total.passedOver + moved.passedOver }))
        .exceptionally((error) => {
          // somebody else has sent them back
          if (error instanceof CommitConflict && storage.position(redriveGroup, partition) !== from) return left(total)
          throw error
        })
    })
  })
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
): Redriven & { readonly append: ReadonlyArray<Append>; readonly next: number } => {
  const builders = new Map<number, RecordBatchBuilder>()
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
    next = offset + 1
    if (target.right === undefined) {
      passedOver++
      continue
    }
    const builder = builders.get(target.right) ?? new RecordBatchBuilder({})
    builders.set(target.right, builder)
    const id = headers[reservedHeaders.id] ?? null
    builder.add(batch.key(index), batch.value(index), batch.timestamp(index), id, withoutCause(headers), -Infinity)
    sent++
  }
  const last = batches.at(-1)
  if (isWhole && last !== undefined) next = Math.min(end, last.baseOffset + last.count)
  const append = [...builders].map(([partition, builder]): Append => ({ partition, batch: builder.build() }))
  return { append, next, sent, passedOver }
}

/** The partition's place in the storage, `undefined` when the headers name none; or what is wrong with what they name. */
const originOf = (
  storage: Storage,
  headers: Readonly<Record<string, string>>,
): Either<UnknownTopic | InvalidOption, number | undefined> => {
  const topic = headers[reservedHeaders.topic]
  const partition = Number(headers[reservedHeaders.partition])
  if (topic === undefined || headers[reservedHeaders.partition] === undefined) return right(undefined)
  const info = findTopic(storage, topic)
  if (info === undefined)
    return left(new UnknownTopic(`a dead letter is of topic '${topic}', which is not in this storage`))
  if (Number.isInteger(partition) && partition >= 0 && partition < info.partitions)
    return right(info.firstPartition + partition)
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
