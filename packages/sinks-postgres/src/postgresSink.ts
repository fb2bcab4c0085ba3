import { CompletableFuture, InvalidOption, type Sink, type SinkRecord, validateName } from '@weir/core'
import { optionNames, requireInteger, requireKnown } from '@weir/core/protocol'
import type { ClientBase, PoolConfig } from 'pg'
import { Connections } from './internal/Connections.ts'
import { PostgresWriter } from './internal/PostgresWriter.ts'
import { tableName, tableWrite } from './internal/tableWrite.ts'

/** A row: values by column, as the driver `pg` takes them: text, numbers, bigints, booleans, Dates, bytes, null, arrays, objects as JSON. */
export type PostgresRow = Readonly<Record<string, unknown>>

/** Where a `postgresSink` writes to. */
export interface PostgresConnectionOptions {
  /** As the driver `pg` takes it: `postgres://user:password@host/database`, or its options; what is missing comes from `PGHOST` and so on. */
  readonly connection: string | PoolConfig
  /** Of the sink, unique within a job; `postgres` by default. */
  readonly name?: string
  /** Connections of a process; 4 by default. Its partitions share them. */
  readonly connectionsMax?: number
  /** How long a connection, a statement, a lock or the pause between two statements may take, in ms; 30 000 by default. */
  readonly waitMsMax?: number
}

/** A row of a table for each record. */
export interface PostgresTableOptions<K, V> extends PostgresConnectionOptions {
  /** It is there already. */
  readonly table: string
  /** The one of the connection by default. */
  readonly schema?: string
  /** What becomes of a record; `null` for no row. */
  readonly columns: (record: SinkRecord<K, V>) => PostgresRow | null
  /**
   * The columns that tell rows apart, with a unique index on them: a row takes the place of the one that was there. Without
   * them each row is a new one.
   */
  readonly upsertBy?: ReadonlyArray<string>
}

/** Any statements for the records of a batch. */
export interface PostgresWriteOptions<K, V> extends PostgresConnectionOptions {
  /** Runs within the transaction that moves the position, and must not end it. When it fails all is rolled back. */
  readonly write: (client: ClientBase, records: ReadonlyArray<SinkRecord<K, V>>) => PromiseLike<unknown>
}

/** What a `postgresSink` does with records. */
export type PostgresSinkOptions<K, V> = PostgresTableOptions<K, V> | PostgresWriteOptions<K, V>

/**
 * Writes records into PostgreSQL, exactly once: rows and the position of the partition (a row of `weir_positions`, which is
 * created when it is not there) are in one transaction. It is committed with `synchronous_commit`, whatever the server's default is.
 *
 * Rows of a batch go in statements of up to 1 000. A batch waits for a round trip for each, and four for the transaction.
 *
 * @throws InvalidName, InvalidOption. The run fails with `SinkFailed` for a table or column that is not there, a value that PostgreSQL does
 *   not take, a constraint that a row breaks; a server that cannot be reached, is busy or full is tried again
 * @example
 * const rows = postgresSink<string, number>({
 *   connection: 'postgres://weir@localhost/shop',
 *   table: 'totals',
 *   columns: ({ key, value }) => ({ account: key, total: value }),
 *   upsertBy: ['account'],
 * })
 * rows.guarantee // => 'exactly-once'
 */
export const postgresSink = <K, V>(options: PostgresSinkOptions<K, V>): Sink<K, V> => {
  const name = options.name ?? 'postgres'
  validateName('sink', name)
  const what = `sink '${name}'`
  requireKnown(what, options, 'write' in options ? writeOptionNames : tableOptionNames)
  const { connection, connectionsMax = 4, waitMsMax = 30_000 } = options
  if (typeof connection !== 'string' && (typeof connection !== 'object' || connection === null)) {
    throw new InvalidOption(`${what}: connection is ${String(connection)}; expected a URL or options of pg`)
  }
  requireInteger(`${what}: connectionsMax`, connectionsMax, 1, 1_000)
  requireInteger(`${what}: waitMsMax`, waitMsMax, 1, 2 ** 31 - 1)
  const write = 'write' in options ? options.write : tableWrite(what, options)
  if (typeof write !== 'function') throw new InvalidOption(`${what}: write is ${typeof write}; expected a function`)
  const settings = {
    write,
    table: 'table' in options ? tableName(options) : undefined,
    connections: new Connections(connection, connectionsMax, waitMsMax),
  }
  return {
    name,
    guarantee: 'exactly-once',
    open: (place) => CompletableFuture.supply(() => PostgresWriter.open(settings, place)),
  }
}

const connectionOptions = { connection: true, name: true, connectionsMax: true, waitMsMax: true } as const
const tableOptionNames = optionNames<PostgresTableOptions<unknown, unknown>>({
  ...connectionOptions,
  table: true,
  schema: true,
  columns: true,
  upsertBy: true,
})
const writeOptionNames = optionNames<PostgresWriteOptions<unknown, unknown>>({ ...connectionOptions, write: true })
