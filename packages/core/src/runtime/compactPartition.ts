import { type Either, left, right } from 'fp-ts/lib/Either.js'
import { chainRec } from '../future/chainRec.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { jsonRow, parseRow } from '../log/ids.ts'
import { readKept } from '../log/readKept.ts'
import type { TopicInfo } from '../log/topicCatalog.ts'
import { CommitConflict } from '../model/errors.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'
import type { Clock } from '../ports/Clock.ts'
import { commitOf, type Replacement } from '../ports/Commit.ts'
import { rowKey, systemStores } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { CompactionWindow } from './CompactionWindow.ts'
import { consumedUpTo } from './consumedUpTo.ts'

/** How many keys one pass looks at: it bounds the memory; the next pass goes on behind them. */
const compactedKeysMax = 250_000
/** And how many bytes of keys. */
const keyBytesMax = 32 << 20
const readBounds = { recordsMax: 100_000, bytesMax: 256 * 1024 }
/** A commit replaces so much, and about so many batches. */
const commitBytesMax = 512 * 1024
const replacementsMax = 8
/** By default a record with the value null stays for a day. */
const deleteRetentionMsDefault = 86_400_000
/** How many ends of earlier passes are remembered. */
const passesMax = 32

/** What earlier passes have done in a partition. */
interface CompactionState {
  /** Before this offset each key has at most one record. */
  readonly cleaned: number
  /** How many bytes the partition took after the last pass. */
  readonly bytes: number
  /** How far passes came, and when they ended, in ms since 1970: oldest first. */
  readonly passes: ReadonlyArray<readonly [cleaned: number, endedAt: number]>
}

/** What one pass is about. */
interface Pass {
  readonly place: number
  readonly from: number
  /** Up to here the newest record of each key is known, and every group that is waited for has consumed: what is behind stays. */
  readonly until: number
  /** By key, the offset of its newest record from `cleaned` on. */
  readonly newest: ReadonlyMap<string, number>
  /** Records with the value null before this offset have done their work. */
  readonly tombstonesBefore: number
}

/** Whether a pass is worth its while: the partition has grown to twice what the last one left, and has a mebibyte. */
export const isCompactionDue = (storage: Storage, info: TopicInfo, partition: number): boolean => {
  const place = info.firstPartition + partition
  const { cleaned, bytes } = stateOf(storage, place).state
  return consumedUpTo(storage, info, partition) > cleaned && storage.bytes(place) >= Math.max(1 << 20, 2 * bytes)
}

/**
 * One pass over a partition: removes records whose key has a newer one, and records with the value null that have stayed long
 * enough behind an earlier pass. The newest record of each key stays, and so do records without a key, and those that a group
 * which the topic's retention waits for has not consumed.
 *
 * Appends go on meanwhile. Others may compact the same partition: whoever is later gives the pass up where they meet.
 * Reads the partition once or twice. Memory: one entry for each key that is new since the last pass, at most `compactedKeysMax`.
 *
 * @param partition - within the topic
 * @returns how many records were removed
 */
export const compactPartition = (
  storage: Storage,
  clock: Clock,
  info: TopicInfo,
  partition: number,
): CompletableFuture<number> => {
  const place = info.firstPartition + partition
  const { state, row } = stateOf(storage, place)
  const { start } = storage.bounds(place)
  const limit = consumedUpTo(storage, info, partition)
  const olderThan = clock.now() - (info.deleteRetentionMs ?? deleteRetentionMsDefault)
  const tombstonesBefore = state.passes.reduce((found, [cleaned, at]) => (at <= olderThan ? cleaned : found), 0)
  let removed = 0
  return newestOf(storage, place, Math.max(start, state.cleaned), limit)
    .thenCompose(({ newest, until }) =>
      replaceAll(
        storage,
        { place, from: start, until, newest, tombstonesBefore },
        (count) => (removed += count),
      ).thenApply(() => until),
    )
    .thenCompose((cleaned) => {
      const key = stateKey(place)
      const passes = withPass(state.passes, [cleaned, clock.now()], olderThan)
      const next: CompactionState = { cleaned, bytes: storage.bytes(place), passes }
      return storage.commit(commitOf({ expect: [{ key, value: row }], rows: [{ key, value: jsonRow(next) }] }))
    })
    .thenApply(() => removed)
    .exceptionally((error) => {
      if (error instanceof CommitConflict) return removed
      throw error
    })
}

type Passes = CompactionState['passes']

/** Of those that are old enough only the last one matters; one that is to become so is never forgotten for a newer one. */
const withPass = (passes: Passes, pass: Passes[number], olderThan: number): Passes => {
  const old = passes.filter(([, at]) => at <= olderThan)
  const young = passes.filter(([, at]) => at > olderThan).slice(0, passesMax - 1)
  return [...old.slice(-1), ...young, pass]
}

/** The newest record of each key from an offset on, as far as the bounds go. */
const newestOf = (
  storage: Storage,
  place: number,
  from: number,
  end: number,
): CompletableFuture<{ readonly newest: ReadonlyMap<string, number>; readonly until: number }> => {
  const newest = new Map<string, number>()
  let keyBytes = 0
  return chainRec(from, (position): CompletableFuture<Either<number, number>> => {
    if (position >= end || newest.size >= compactedKeysMax || keyBytes >= keyBytesMax)
      return CompletableFuture.completed(right(position))
    return readKept(storage, place, position, readBounds).thenApply(({ batches }) => {
      if (batches.length === 0) return right(position)
      for (const batch of batches) {
        for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1)) {
          const key = keyOf(batch, index)
          if (key === undefined) continue
          if (!newest.has(key)) keyBytes += key.length
          newest.set(key, batch.baseOffset + index)
        }
      }
      const last = batches.at(-1)!
      return left(last.baseOffset + last.count)
    })
    // a batch may go on behind the end
  }).thenApply((until) => ({ newest, until: Math.min(until, end) }))
}

const replaceAll = (storage: Storage, pass: Pass, onRemoved: (count: number) => void): CompletableFuture<void> => {
  const { place, until } = pass
  let window = new CompactionWindow()
  let ready: Replacement[] = []
  let bytes = 0
  let removed = 0
  const close = (): void => {
    const replacement = window.replacement(place)
    removed += replacement === undefined ? 0 : window.removed
    window = new CompactionWindow()
    if (replacement === undefined) return
    ready.push(replacement)
    bytes += replacement.batch.length
  }
  const commit = (): CompletableFuture<void> => {
    if (ready.length === 0) return CompletableFuture.completed(undefined)
    const replace = ready
    const count = removed
    ready = []
    bytes = 0
    removed = 0
    return storage.commit(commitOf({ replace })).thenApply(() => onRemoved(count))
  }
  return chainRec(pass.from, (position): CompletableFuture<Either<number, void>> => {
    if (position >= until) {
      close()
      return commit().thenApply(() => right(undefined))
    }
    return readKept(storage, place, position, readBounds).thenCompose(({ batches }) => {
      let next = position
      for (const batch of batches) {
        if (batch.baseOffset >= until) break
        window.add(batch, (index) => isKept(pass, batch, index))
        next = batch.baseOffset + batch.count
        if (window.isFull) close()
      }
      if (next === position) next = until
      return (ready.length >= replacementsMax || bytes >= commitBytesMax ? commit() : nothing).thenApply(() =>
        left(next),
      )
    })
  })
}

const nothing = CompletableFuture.completed(undefined)

const isKept = ({ until, newest, tombstonesBefore }: Pass, batch: RecordBatch, index: number): boolean => {
  const key = keyOf(batch, index)
  if (key === undefined) return true
  const offset = batch.baseOffset + index
  if (offset >= until) return true
  const newer = newest.get(key)
  if (newer !== undefined && newer > offset) return false
  return offset >= tombstonesBefore || batch.value(index) !== null
}

/** A key as text, another one for each key; undefined for a record without one. */
const keyOf = (batch: RecordBatch, index: number): string | undefined => {
  const key = batch.key(index)
  return key === null ? undefined : decoder.decode(key)
}

// each byte is one character, another one for each
const decoder = new TextDecoder('latin1')

const stateKey = (place: number): Uint8Array => rowKey(systemStores.compaction, place, new Uint8Array(0))

const stateOf = (
  storage: Storage,
  place: number,
): { readonly state: CompactionState; readonly row: Uint8Array | null } => {
  const row = storage.rows.get(stateKey(place)) ?? null
  return { row, state: row === null ? { cleaned: 0, bytes: 0, passes: [] } : (parseRow(row) as CompactionState) }
}
