import {
  type Commit,
  type Committed,
  CompletableFuture,
  type ReadBounds,
  type ReadResult,
  type RowReader,
  type Storage,
  WeirError,
} from '@weir/core'
import { RecordBatch } from '@weir/core/storage'
import type { ReadRecord } from './HistoryEvent.ts'
import type { HistoryRecorder, RecordedCommit } from './historyRecorder.ts'

/** How records are told apart. */
export interface RecordedRecords {
  /**
   * The id of a record, which no other record of the history has; `undefined` for a partition that is not to be recorded.
   * The text of its key by default.
   */
  readonly idOf?: (batch: RecordBatch, index: number, partition: number) => string | undefined
  /** Why a record that was read is not what was written; it is by default. */
  readonly damageOf?: (batch: RecordBatch, index: number) => string | undefined
}

/**
 * A storage whose commits, reads and positions are recorded: give it to `Weir.open`, and whatever runs on that is in the history.
 * What snapshots read is not, because it may be old. A read must show what was known when the first call of its callback was made:
 * a storage may show one state throughout a callback.
 *
 * Costs a line of JSON for each commit and read.
 *
 * @example
 * import { commitOf, entry, topic, utf8, Weir } from '@weir/core'
 *
 * let text = ''
 * const recorder = historyRecorder('app', (line) => (text += line))
 * const provider = { open: () => memory().open().thenApply((storage) => recordStorage(storage, recorder)) }
 * const weir = await Weir.open(provider)
 * await weir.append(entry(topic('words', { key: utf8, value: utf8 }), 'id-1', 'be'))
 * judgeHistory(parseHistory(text)).records // => 1
 */
export const recordStorage = (
  storage: Storage,
  recorder: HistoryRecorder,
  { idOf = keyOf, damageOf = () => undefined }: RecordedRecords = {},
): Storage => {
  const { asOf, renew } = callbackStart(recorder)
  const commit = (parts: Commit): CompletableFuture<Committed> => {
    const appended = parts.append.map(({ partition, batch: bytes }) => {
      const batch = RecordBatch.view(bytes, 0)
      return indexesOf(batch).flatMap((index) => {
        const id = idOf(batch, index, partition)
        return id === undefined ? [] : [{ partition, id, index }]
      })
    })
    if (appended.every(({ length }) => length === 0) && parts.positions.length === 0) return storage.commit(parts)
    const records = appended.flat().map(({ partition, id }) => ({ partition, id }))
    const recorded = recorder.commit(
      records,
      parts.positions.map(({ group, partition, from, next }) => ({ group, partition, from, next })),
    )
    return storage.commit(parts).whenComplete((committed, error) => {
      renew()
      if (committed === undefined) return failed(recorded, error)
      recorded.acknowledged(
        appended.flatMap((batch, place) => {
          const { baseOffset, offsets } = committed.appends[place]!
          return batch.map(({ index }) => offsets?.[index] ?? baseOffset + index)
        }),
      )
    })
  }
  const read = (partition: number, position: number, bounds: ReadBounds): CompletableFuture<ReadResult> => {
    const over = recorder.read(partition, position, asOf())
    return storage.read(partition, position, bounds).thenApply((result) => {
      const { batches, end } = result
      const records = batches.flatMap((batch) => readRecords(batch, partition, { idOf, damageOf }))
      const last = batches.at(-1)
      const next = last === undefined ? position : last.baseOffset + last.count
      const isRecorded = batches.length === 0 || records.length > 0
      if (isRecorded) over({ next, isAtEnd: next >= end, records: records.filter(({ offset }) => offset >= position) })
      return result
    })
  }
  const position = (group: string, partition: number): number => {
    const over = recorder.position(group, partition, asOf())
    const next = storage.position(group, partition)
    over(next)
    return next
  }
  const rows: RowReader = {
    get: (key) => (asOf(), storage.rows.get(key)),
    range: (from, end, options) => (asOf(), storage.rows.range(from, end, options)),
  }
  const own = { commit, read, position, rows }
  return new Proxy(storage, {
    get: (target, name) => {
      asOf()
      if (Object.hasOwn(own, name)) return own[name as keyof typeof own]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

interface CallbackStart {
  /** As of when reads show everything: of the first call of a callback, until the storage renews what it shows. */
  readonly asOf: () => number
  /** Something was acknowledged: reads show it from now on. */
  readonly renew: () => void
}

const callbackStart = (recorder: HistoryRecorder): CallbackStart => {
  let began: number | undefined
  const renew = (): void => {
    began = undefined
  }
  const asOf = (): number => {
    if (began === undefined) {
      began = recorder.now()
      queueMicrotask(() => queueMicrotask(renew))
    }
    return began
  }
  return { asOf, renew }
}

const readRecords = (
  batch: RecordBatch,
  partition: number,
  { idOf, damageOf }: Required<RecordedRecords>,
): ReadonlyArray<ReadRecord> =>
  indexesOf(batch).flatMap((index) => {
    const id = idOf(batch, index, partition)
    if (id === undefined) return []
    const offset = batch.baseOffset + index
    const damage = damageOf(batch, index)
    return [damage === undefined ? { offset, id } : { offset, id, damage }]
  })

const keyOf = (batch: RecordBatch, index: number): string | undefined => batch.keyText(index) ?? undefined

const indexesOf = (batch: RecordBatch): ReadonlyArray<number> => {
  const indexes: number[] = []
  for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1)) indexes.push(index)
  return indexes
}

/** After these nobody knows whether the commit was applied. */
const unknownAfter: ReadonlySet<string> = new Set(['StorageFailed', 'StorageStalled', 'StorageClosed', 'Cancelled'])

const failed = (recorded: RecordedCommit, error: unknown): void => {
  const isKnown = error instanceof WeirError && !unknownAfter.has(error._tag)
  recorded.failed(isKnown ? 'no' : 'unknown', error instanceof Error ? error.message : String(error))
}
