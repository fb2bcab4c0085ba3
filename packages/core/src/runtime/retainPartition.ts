import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { chainRec } from '../future/chainRec.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Retention } from '../log/Retention.ts'
import { readKept } from '../log/readKept.ts'
import type { TopicInfo } from '../log/topicCatalog.ts'
import type { Clock } from '../ports/Clock.ts'
import { commitOf } from '../ports/Commit.ts'
import type { Storage } from '../ports/Storage.ts'
import { consumedUpTo } from './consumedUpTo.ts'

/** How much of what is too much is looked at for one commit. */
const readBounds = { recordsMax: 1_000_000, bytesMax: 4 << 20 }

/**
 * Removes the records of one partition that its topic need not keep any longer, in commits of bounded size. Others may do the
 * same at the same time: the start only moves up.
 *
 * @param partition - within the topic
 * @returns how many offsets the start has moved up
 */
export const retainPartition = (
  storage: Storage,
  clock: Clock,
  info: TopicInfo & { readonly retention: Retention },
  partition: number,
): CompletableFuture<number> => {
  const place = info.firstPartition + partition
  const first = storage.bounds(place).start
  return chainRec(undefined, (): CompletableFuture<Either<undefined, number>> => {
    const { start } = storage.bounds(place)
    return targetOf(storage, clock, info, partition).thenCompose((before) => {
      if (before <= start) return CompletableFuture.completed(right(start - first))
      const trim = { partition: place, before, dedupScope: place }
      return storage.commit(commitOf({ trim: [trim] })).thenApply(() => left(undefined))
    })
  })
}

/** The first offset to be kept; it may lie below the start. */
const targetOf = (
  storage: Storage,
  clock: Clock,
  info: TopicInfo & { readonly retention: Retention },
  partition: number,
): CompletableFuture<number> => {
  const { ageMs, bytesMax } = info.retention
  const place = info.firstPartition + partition
  const limit = consumedUpTo(storage, info, partition)
  if (limit <= storage.bounds(place).start) return CompletableFuture.completed(limit)
  // of a compacted topic the last record of each key stays: only compaction waits
  if (ageMs === undefined && bytesMax === undefined)
    return CompletableFuture.completed(info.cleanup === 'compact' ? 0 : limit)
  const byAge = ageMs === undefined ? CompletableFuture.completed(0) : storage.offsetAt(place, clock.now() - ageMs)
  const bySize = bytesMax === undefined ? CompletableFuture.completed(0) : offsetBySize(storage, place, bytesMax)
  return byAge.thenCombine(bySize, (age, size) => Math.min(limit, Math.max(age, size)))
}

/** The first offset behind the oldest batches that are too much, as far as one read shows. */
const offsetBySize = (storage: Storage, place: number, bytesMax: number): CompletableFuture<number> => {
  const { start } = storage.bounds(place)
  let excess = storage.bytes(place) - bytesMax
  if (excess <= 0) return CompletableFuture.completed(start)
  return readKept(storage, place, start, readBounds).thenApply(({ batches }) => {
    let offset = start
    for (const batch of batches) {
      if (excess <= 0) break
      excess -= batch.byteLength
      offset = batch.baseOffset + batch.count
    }
    return offset
  })
}
