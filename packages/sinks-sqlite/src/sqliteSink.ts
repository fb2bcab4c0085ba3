import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { CompletableFuture, InvalidOption, type Sink, type SinkRecord, validateName } from '@weir/core'
import { optionNames, requireInteger, requireKnown } from '@weir/core/protocol'
import { SqliteWriter } from './internal/SqliteWriter.ts'
import { tableWrite } from './internal/tableWrite.ts'

/** A row: values by column. A boolean becomes 0 or 1, a `Date` its ISO text. */
export type SqliteRow = Readonly<Record<string, SQLInputValue | boolean | Date>>

/** Where a `sqliteSink` writes to. */
export interface SqliteFileOptions {
  /** The database; created when it is not there. */
  readonly file: string
  /** Of the sink, unique within a job; `sqlite` by default. */
  readonly name?: string
  /** How long to wait for others that write to the database, in ms; 1 000 by default. The event loop stands still meanwhile, also for the lease of
   * this process, so that more is mostly worse: a write that finds it busy is tried again. */
  readonly busyMsMax?: number
}

/** A row of a table for each record. */
export interface SqliteTableOptions<K, V> extends SqliteFileOptions {
  /** It is there already. */
  readonly table: string
  /** What becomes of a record; `null` for no row. */
  readonly columns: (record: SinkRecord<K, V>) => SqliteRow | null
  /**
   * The columns that tell rows apart, with a unique index on them: a row takes the place of the one that was there. Without
   * them each row is a new one.
   */
  readonly upsertBy?: ReadonlyArray<string>
}

/** Any statements for the records of a batch. */
export interface SqliteWriteOptions<K, V> extends SqliteFileOptions {
  /** Runs within the transaction that moves the position, and must not end it. Done when it returns; what it throws rolls all back. */
  readonly write: (database: DatabaseSync, records: ReadonlyArray<SinkRecord<K, V>>) => void
}

/** What a `sqliteSink` does with records. */
export type SqliteSinkOptions<K, V> = SqliteTableOptions<K, V> | SqliteWriteOptions<K, V>

/**
 * Writes records into a SQLite database, exactly once: rows and the position of the partition (a row of `weir_positions`)
 * are in one transaction, which is synced before the write is done.
 *
 * SQLite has one writer at a time, and works in the thread that calls it: a batch of 1 000 rows takes it a few ms.
 *
 * @throws InvalidName, InvalidOption. The run fails with `SinkFailed` for a table or column that is not there, a value that SQLite
 *   does not take, a constraint that a row breaks; a database that is busy or full is tried again
 * @example
 * const rows = sqliteSink<string, number>({
 *   file: 'totals.db',
 *   table: 'totals',
 *   columns: ({ key, value }) => ({ account: key, total: value }),
 *   upsertBy: ['account'],
 * })
 * rows.guarantee // => 'exactly-once'
 */
export const sqliteSink = <K, V>(options: SqliteSinkOptions<K, V>): Sink<K, V> => {
  const name = options.name ?? 'sqlite'
  validateName('sink', name)
  const what = `sink '${name}'`
  requireKnown(what, options, 'write' in options ? writeOptionNames : tableOptionNames)
  const { file, busyMsMax = 1_000 } = options
  if (typeof file !== 'string' || file === '') {
    throw new InvalidOption(`${what}: file is ${JSON.stringify(file)}; expected the path of a database`)
  }
  requireInteger(`${what}: busyMsMax`, busyMsMax, 0, 600_000)
  const write = 'write' in options ? options.write : tableWrite(what, options)
  if (typeof write !== 'function') throw new InvalidOption(`${what}: write is ${typeof write}; expected a function`)
  return {
    name,
    guarantee: 'exactly-once',
    open: (place) =>
      CompletableFuture.supply(() =>
        SqliteWriter.open({ file, busyMsMax, write, table: 'table' in options ? options.table : undefined }, place),
      ),
  }
}

const fileOptions = { file: true, name: true, busyMsMax: true } as const
const tableOptionNames = optionNames<SqliteTableOptions<unknown, unknown>>({
  ...fileOptions,
  table: true,
  columns: true,
  upsertBy: true,
})
const writeOptionNames = optionNames<SqliteWriteOptions<unknown, unknown>>({ ...fileOptions, write: true })
