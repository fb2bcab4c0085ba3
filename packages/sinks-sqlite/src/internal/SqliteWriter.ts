import { DatabaseSync } from 'node:sqlite'
import {
  CompletableFuture,
  SinkFailed,
  SinkFenced,
  SinkMismatch,
  type SinkPlace,
  type SinkRecord,
  type SinkWriter,
  WeirError,
} from '@weir/core'
import { quoted } from './tableWrite.ts'

/** What a writer does, checked. */
export interface WriterSettings<K, V> {
  readonly file: string
  readonly busyMsMax: number
  readonly table: string | undefined
  readonly write: (database: DatabaseSync, records: ReadonlyArray<SinkRecord<K, V>>) => void
}

/** Writes one partition's records, each batch with the new position in one transaction. */
export class SqliteWriter<K, V> implements SinkWriter<K, V> {
  readonly #settings: WriterSettings<K, V>
  readonly #place: SinkPlace
  readonly #database: DatabaseSync
  position: number | undefined

  private constructor(settings: WriterSettings<K, V>, place: SinkPlace, database: DatabaseSync) {
    this.#settings = settings
    this.#place = place
    this.#database = database
  }

  /** @throws SinkMismatch, SinkFailed */
  static open<K, V>(settings: WriterSettings<K, V>, place: SinkPlace): SqliteWriter<K, V> {
    return explained(settings.file, () => {
      const database = new DatabaseSync(settings.file, { timeout: settings.busyMsMax })
      try {
        const writer = new SqliteWriter(settings, place, database)
        writer.#begin()
        return writer
      } catch (error) {
        database.close()
        throw error
      }
    })
  }

  write(records: ReadonlyArray<SinkRecord<K, V>>, next: number): CompletableFuture<void> {
    return CompletableFuture.supply(() =>
      explained(this.#settings.file, () => {
        this.#atOnce(() => {
          this.#movePosition(next)
          const result: unknown = this.#settings.write(this.#database, records)
          if (typeof (result as Partial<PromiseLike<unknown>> | undefined)?.then === 'function') {
            throw new SinkFailed('write gave a promise; expected it to be done when it returns')
          }
          if (!this.#database.isTransaction) throw new SinkFailed('write ended the transaction; expected it to go on')
        })
        this.position = next
      }),
    )
  }

  close(): CompletableFuture<void> {
    return CompletableFuture.supply(() => this.#database.close())
  }

  #begin(): void {
    const { job, topic, partition, log } = this.#place
    // a commit is synced before it returns, and readers do not wait for writers
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const { table } = this.#settings
    if (table !== undefined) this.#database.prepare(`SELECT 1 FROM ${quoted(table)}`)
    this.#atOnce(() => {
      this.#database.exec(createPositions)
      this.#database.prepare(insertPosition).run(job, topic, partition, log)
    })
    const row = this.#database.prepare(selectPosition).get(job, topic, partition) as {
      readonly log: string
      readonly position: number | null
    }
    if (row.log !== log) {
      throw new SinkMismatch(
        `the position in '${this.#settings.file}' is that of another storage; expected the one that it was filled from, ` +
          'another name for the job, or its row in weir_positions removed',
      )
    }
    this.position = row.position ?? undefined
  }

  #movePosition(next: number): void {
    const { job, topic, partition, log } = this.#place
    const { changes } = this.#database
      .prepare(updatePosition)
      .run(next, job, topic, partition, log, this.position ?? null)
    if (Number(changes) === 1) return
    throw new SinkFenced(
      `another writer has moved the position in '${this.#settings.file}' from ${this.position ?? 'none'} on`,
    )
  }

  #atOnce(action: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      action()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

const createPositions =
  'CREATE TABLE IF NOT EXISTS weir_positions (job TEXT NOT NULL, topic TEXT NOT NULL, "partition" INTEGER NOT NULL, ' +
  'log TEXT NOT NULL, position INTEGER, PRIMARY KEY (job, topic, "partition"))'
const insertPosition = 'INSERT INTO weir_positions VALUES (?, ?, ?, ?, NULL) ON CONFLICT DO NOTHING'
const selectPosition = 'SELECT log, position FROM weir_positions WHERE job = ? AND topic = ? AND "partition" = ?'
const updatePosition =
  'UPDATE weir_positions SET position = ? WHERE job = ? AND topic = ? AND "partition" = ? AND log = ? AND position IS ?'

/** Errors of SQLite that pass by themselves: busy, locked, I/O error, full, cannot open. */
const passing: ReadonlySet<number> = new Set([5, 6, 10, 13, 14])

const explained = <A>(file: string, action: () => A): A => {
  try {
    return action()
  } catch (cause) {
    if (cause instanceof WeirError) throw cause
    const code = (cause as { readonly errcode?: unknown }).errcode
    const recovery = typeof code === 'number' && passing.has(code & 0xff) ? 'retry' : 'stop'
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new SinkFailed(`could not write to '${file}'. It said: ${said}`, { cause, recovery })
  }
}
