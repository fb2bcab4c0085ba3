import { CompletableFuture } from '../future/CompletableFuture.ts'
import { withoutMembers } from '../group/GroupState.ts'
import { groupRow, readGroup } from '../group/groupRow.ts'
import { type Plan, topicsOf } from '../job/plan.ts'
import { jsonRow, parseRow } from '../log/ids.ts'
import { optionNames } from '../log/optionNames.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { requireStorage } from '../log/requireStorage.ts'
import { findSameTopic, type TopicInfo, topicKey } from '../log/topicCatalog.ts'
import { InvalidJob, InvalidOption, StorageRefused } from '../model/errors.ts'
import { commitOf, type PositionChange, type RowChange } from '../ports/Commit.ts'
import { rowKey, rowKeyEnd, systemStores } from '../ports/rows.ts'
import type { Snapshot, Storage, StorageProvider } from '../ports/Storage.ts'
import { copyPartition } from './copyPartition.ts'
import { successorOf } from './mergeRows.ts'
import { catalogKey, storedStores } from './storeCatalog.ts'

/** What a savepoint takes with it. */
export interface SavepointOptions {
  /**
   * Of the records of the jobs' topics: `needed` (the default) are those that the jobs can still read, and all of topics that
   * are compacted; `all` are all, also those that the jobs have written.
   */
  readonly records?: 'needed' | 'all'
  /** Told after each step of about a mebibyte. */
  readonly onProgress?: (progress: SavepointProgress) => void
}

/** What was copied so far. */
export interface SavepointProgress {
  /** Of state. */
  readonly rows: number
  readonly records: number
  readonly bytes: number
}

/** A savepoint that is complete. */
export interface Savepoint extends SavepointProgress {
  readonly jobs: ReadonlyArray<string>
  readonly topics: ReadonlyArray<string>
}

/** What the row of a savepoint says. */
interface SavepointRow {
  readonly jobs: ReadonlyArray<string>
  readonly isComplete: boolean
}

/** A copy may take so long: as long as a snapshot may live. */
const copyMsMax = 3_600_000
const stepBytesMax = 1 << 20
const firstRangeRows = 8
const rangeRowsMax = 256
const noKey = new Uint8Array(0)
const encoder = new TextEncoder()

const savepointKey = rowKey(systemStores.savepoint, 0, noKey)
const savepointOptionNames = optionNames<SavepointOptions>({ records: true, onProgress: true })

/** @throws StorageRefused for a storage where a savepoint was begun that did not come to its end; it is closed then */
export const refuseUnfinished = (storage: Storage): CompletableFuture<Storage> => {
  const row = storage.rows.get(savepointKey)
  const { jobs, isComplete } = row === undefined ? { jobs: [], isComplete: true } : (parseRow(row) as SavepointRow)
  if (isComplete) return CompletableFuture.completed(storage)
  const error = new StorageRefused(
    `the storage holds a savepoint of job ${named(jobs)} that did not come to its end; expected a complete one: remove it, and take it again`,
  )
  return storage.close().thenCompose(() => CompletableFuture.failed<Storage>(error))
}

/** See `Weir.savepoint`. */
export const writeSavepoint = (
  storage: Storage,
  plans: ReadonlyArray<Plan>,
  provider: StorageProvider,
  options: SavepointOptions,
): CompletableFuture<Savepoint> => {
  const what = `savepoint of job ${named([...new Set(plans.map(({ job }) => job))])}`
  requireKnown(what, options, savepointOptionNames)
  const { records = 'needed', onProgress = () => undefined } = options
  if (records !== 'needed' && records !== 'all') {
    throw new InvalidOption(`${what}: records is ${String(records)}; expected 'needed' or 'all'`)
  }
  if (plans.length === 0) throw new InvalidJob('savepoint of no job; expected one or more')
  requireStorage(`${what}: the target`, provider)
  const snapshot = storage.snapshot(copyMsMax)
  return CompletableFuture.supply(() =>
    new SavepointCopy(snapshot, plans, records, onProgress).to(provider, what),
  ).handle((savepoint, error) => {
    snapshot.close()
    if (savepoint === undefined) throw error
    return savepoint
  })
}

/** The copy of a snapshot into a storage: records, then rows, and at last what makes them known, in one commit. */
class SavepointCopy {
  readonly #snapshot: Snapshot
  readonly #plans: ReadonlyArray<Plan>
  /** Each once, also when there are several versions of one. */
  readonly #jobs: ReadonlyArray<string>
  readonly #records: 'needed' | 'all'
  readonly #onProgress: (progress: SavepointProgress) => void
  /** By name, as far as they are there. */
  readonly #topics: ReadonlyMap<string, TopicInfo>
  readonly #copied = { rows: 0, records: 0, bytes: 0 }

  constructor(
    snapshot: Snapshot,
    plans: ReadonlyArray<Plan>,
    records: 'needed' | 'all',
    onProgress: (progress: SavepointProgress) => void,
  ) {
    this.#snapshot = snapshot
    this.#plans = plans
    this.#jobs = [...new Set(plans.map(({ job }) => job))]
    this.#records = records
    this.#onProgress = onProgress
    const infos = plans.flatMap(topicsOf).map((topic) => findSameTopic({ rows: snapshot }, topic))
    this.#topics = new Map(infos.flatMap((info) => (info === undefined ? [] : [[info.name, info]])))
  }

  to(provider: StorageProvider, what: string): CompletableFuture<Savepoint> {
    return provider
      .open()
      .thenCompose((target) =>
        CompletableFuture.from(this.#write(target, what)).handle((savepoint, error) =>
          target.close().thenApply(() => {
            if (savepoint === undefined) throw error
            return savepoint
          }),
        ),
      )
      .thenCompose((closed) => closed)
  }

  async #write(target: Storage, what: string): Promise<Savepoint> {
    const jobs = this.#jobs
    await refuseUnfinished(target)
    const [row] = target.rows.range(noKey, rowKeyEnd(0xffff_fffe, 0xffff_ffff), { limit: 1 })
    if (row !== undefined) {
      throw new StorageRefused(`${what}: the target holds something already; expected an empty storage`)
    }
    const begun = jsonRow({ jobs, isComplete: false } satisfies SavepointRow)
    await target.commit(
      commitOf({ expect: [{ key: savepointKey, value: null }], rows: [{ key: savepointKey, value: begun }] }),
    )
    for (const topic of this.#topics.values()) await this.#copyTopic(target, topic)
    for (const job of this.#jobs) {
      for (const { id } of storedStores(this.#snapshot, job).values()) {
        await this.#copyRows(target, rowKey(id, 0, noKey), rowKeyEnd(id, 0xffff_ffff))
      }
    }
    const complete = jsonRow({ jobs, isComplete: true } satisfies SavepointRow)
    await target.commit(
      commitOf({
        expect: [{ key: savepointKey, value: begun }],
        rows: [...this.#catalog(), ...this.#progress(), { key: savepointKey, value: complete }],
        positions: this.#positions(),
      }),
    )
    return { jobs, topics: [...this.#topics.keys()].sort(), ...this.#copied }
  }

  async #copyTopic(target: Storage, info: TopicInfo): Promise<void> {
    for (let index = 0; index < info.partitions; index++) {
      const partition = info.firstPartition + index
      const { start, end } = this.#snapshot.bounds(partition)
      const from = Math.max(start, Math.min(end, this.#needed(info, partition)))
      await copyPartition(this.#snapshot, target, { partition, from, end }, (records, bytes) => {
        this.#copied.records += records
        this.#tell(bytes)
      })
    }
  }

  /** The first offset that a job may still read; that of the next record when none of them does. */
  #needed({ name, cleanup }: TopicInfo, partition: number): number {
    if (this.#records === 'all' || cleanup === 'compact') return 0
    const readers = this.#plans.filter((plan) => reads(plan, name))
    return Math.min(Infinity, ...readers.map(({ job }) => this.#snapshot.position(job, partition)))
  }

  async #copyRows(target: Storage, first: Uint8Array, until: Uint8Array): Promise<void> {
    let limit = firstRangeRows
    for (let from = first; ;) {
      const rows: RowChange[] = []
      let bytes = 0
      let last: Uint8Array | undefined
      do {
        const page = this.#snapshot.range(from, until, { limit })
        for (const row of page) {
          rows.push(row)
          bytes += row.key.length + row.value.length
        }
        last = page.length < limit ? undefined : page.at(-1)?.key
        // large rows come a few at a time
        limit = Math.max(1, Math.min(rangeRowsMax, Math.floor((rows.length * stepBytesMax) / Math.max(1, bytes))))
        if (last !== undefined) from = successorOf(last)
      } while (last !== undefined && bytes < stepBytesMax)
      if (rows.length > 0) await target.commit(commitOf({ rows }))
      this.#copied.rows += rows.length
      this.#tell(bytes)
      if (last === undefined) return
    }
  }

  #tell(bytes: number): void {
    this.#copied.bytes += bytes
    if (bytes > 0) this.#onProgress({ ...this.#copied })
  }

  /** What makes topics, stores and groups known, under the numbers that they have. */
  #catalog(): ReadonlyArray<RowChange> {
    const counters = this.#snapshot.range(
      rowKey(systemStores.counters, 0, noKey),
      rowKeyEnd(systemStores.counters, 0),
      {
        limit: 100,
      },
    )
    return [
      ...counters,
      ...[...this.#topics.values()].map((info) => ({ key: topicKey(info.name), value: jsonRow(info) })),
      ...this.#jobs.flatMap((job) => [
        ...[...storedStores(this.#snapshot, job)].map(([name, info]) => ({
          key: catalogKey(job, name),
          value: jsonRow(info),
        })),
        { key: groupRow(job), value: jsonRow(withoutMembers(readGroup(this.#snapshot, job).state)) },
      ]),
    ]
  }

  /** How far event time has come. */
  #progress(): ReadonlyArray<RowChange> {
    const partitions = Math.max(0, ...[...this.#topics.values()].map((info) => info.partitions))
    return this.#jobs.flatMap((job) =>
      Array.from({ length: partitions }, (_, partition) =>
        this.#snapshot.range(
          rowKey(systemStores.progress, partition, encoder.encode(`${job}/`)),
          // the character behind a slash is the digit zero
          rowKey(systemStores.progress, partition, encoder.encode(`${job}0`)),
          { limit: 10_000 },
        ),
      ).flat(),
    )
  }

  #positions(): ReadonlyArray<PositionChange> {
    return this.#jobs.flatMap((job) =>
      [...this.#topics.values()].flatMap(({ firstPartition, partitions }) =>
        Array.from({ length: partitions }, (_, index) => firstPartition + index).flatMap((partition) => {
          const next = this.#snapshot.position(job, partition)
          return next === 0 ? [] : [{ group: job, partition, from: 0, next }]
        }),
      ),
    )
  }
}

const reads = ({ stages }: Plan, name: string): boolean =>
  stages.some(({ inputs }) => inputs.some(({ topic }) => topic.name === name))

const named = (jobs: ReadonlyArray<string>): string => jobs.map((job) => `'${job}'`).join(', ')
