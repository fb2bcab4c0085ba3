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
import pg, { type ClientBase } from 'pg'
import type { Connections } from './Connections.ts'

/** What a writer does, checked. */
export interface WriterSettings<K, V> {
  /** The table as SQL, which must be there. */
  readonly table: string | undefined
  readonly write: (client: ClientBase, records: ReadonlyArray<SinkRecord<K, V>>) => PromiseLike<unknown>
  readonly connections: Connections
}

/** Writes one partition's records, each batch with the new position in one transaction. */
export class PostgresWriter<K, V> implements SinkWriter<K, V> {
  readonly #settings: WriterSettings<K, V>
  readonly #place: SinkPlace
  position: number | undefined

  private constructor(settings: WriterSettings<K, V>, place: SinkPlace, position: number | undefined) {
    this.#settings = settings
    this.#place = place
    this.position = position
  }

  /** @throws SinkMismatch, SinkFailed */
  static async open<K, V>(settings: WriterSettings<K, V>, place: SinkPlace): Promise<PostgresWriter<K, V>> {
    const { connections, table } = settings
    connections.take()
    try {
      const position = await connections.with(async (client) => {
        if (table !== undefined) await client.query(`SELECT 1 FROM ${table} LIMIT 0`)
        await createPositions(client)
        return positionOf(client, place)
      })
      return new PostgresWriter(settings, place, position)
    } catch (error) {
      await connections.giveBack()
      throw explained(error)
    }
  }

  write(records: ReadonlyArray<SinkRecord<K, V>>, next: number): CompletableFuture<void> {
    return CompletableFuture.supply(async () => {
      try {
        await this.#settings.connections.with((client) => this.#atOnce(client, records, next))
      } catch (error) {
        throw explained(error)
      }
      this.position = next
    })
  }

  close(): CompletableFuture<void> {
    return CompletableFuture.supply(() => this.#settings.connections.giveBack())
  }

  /** A connection on which this fails is closed, so that the server rolls back. */
  async #atOnce(client: ClientBase, records: ReadonlyArray<SinkRecord<K, V>>, next: number): Promise<void> {
    await client.query(begin)
    const transaction = await this.#movePosition(client, next)
    await this.#settings.write(client, records)
    if ((await client.query<Transaction>(selectTransaction)).rows[0]?.id !== transaction) {
      throw new SinkFailed('write ended the transaction; expected it to go on')
    }
    await client.query('COMMIT')
  }

  async #movePosition(client: ClientBase, next: number): Promise<string> {
    const { job, topic, partition, log } = this.#place
    const moved = [next, job, topic, partition, log, this.position ?? null]
    const { rows } = await client.query<Transaction>(updatePosition, moved)
    if (rows[0] !== undefined) return rows[0].id
    throw new SinkFenced(`another writer has moved the position in weir_positions from ${this.position ?? 'none'} on`)
  }
}

interface Transaction {
  readonly id: string
}

// what was committed must be there after a crash of the server, also where its default says otherwise
const begin =
  'BEGIN ISOLATION LEVEL READ COMMITTED; ' +
  "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') IN ('off', 'local')"
const selectTransaction = 'SELECT txid_current()::text AS id'
const createTable =
  'CREATE TABLE IF NOT EXISTS weir_positions (job text NOT NULL, topic text NOT NULL, partition integer NOT NULL, ' +
  'log text NOT NULL, position bigint, PRIMARY KEY (job, topic, partition))'
const insertPosition = 'INSERT INTO weir_positions VALUES ($1, $2, $3, $4, NULL) ON CONFLICT DO NOTHING'
const selectPosition = 'SELECT log, position FROM weir_positions WHERE job = $1 AND topic = $2 AND partition = $3'
const updatePosition =
  'UPDATE weir_positions SET position = $1 WHERE job = $2 AND topic = $3 AND partition = $4 AND log = $5 ' +
  'AND position IS NOT DISTINCT FROM $6 RETURNING txid_current()::text AS id'

/** Two that create it at once may get in each other's way, and who may not create tables finds it there. */
const createPositions = async (client: ClientBase): Promise<void> => {
  const isThere = async (): Promise<boolean> => {
    const { rows } = await client.query<{ table: string | null }>("SELECT to_regclass('weir_positions')::text AS table")
    return rows[0]?.table !== null
  }
  if (await isThere()) return
  try {
    await client.query(createTable)
  } catch (error) {
    if (!(await isThere())) throw error
  }
}

const positionOf = async (
  client: ClientBase,
  { job, topic, partition, log }: SinkPlace,
): Promise<number | undefined> => {
  await client.query(insertPosition, [job, topic, partition, log])
  const { rows } = await client.query<{ log: string; position: string | null }>(selectPosition, [job, topic, partition])
  const [row] = rows
  if (row === undefined || row.log !== log) {
    throw new SinkMismatch(
      'the position in weir_positions is that of another storage; expected the one that it was filled from, another name for the ' +
        'job, or its row removed',
    )
  }
  return row.position === null ? undefined : Number(row.position)
}

/**
 * Classes of errors that pass by themselves: connection, transaction rolled back, no resources, in use (locks), the operator,
 * the system; and of class 25 the pause within a transaction that was too long. See the appendix of the PostgreSQL manual.
 */
const passing = /^(?:08|40|53|55|57|58|25P03)/

const explained = (cause: unknown): WeirError => {
  if (cause instanceof WeirError) return cause
  const said = cause instanceof Error ? cause.message : String(cause)
  // what is not said by the server is said by the connection, unless the caller's code threw it
  const passes = cause instanceof pg.DatabaseError ? passing.test(cause.code ?? '') : isOfConnection(cause)
  return new SinkFailed(`could not write. It said: ${said}`, { cause, recovery: passes ? 'retry' : 'stop' })
}

const isOfConnection = (cause: unknown): boolean => {
  if (!(cause instanceof Error)) return false
  if ('syscall' in cause) return true
  if (cause instanceof AggregateError) return cause.errors.some(isOfConnection)
  return /^(?:Connection terminated|timeout exceeded|Query read timeout|Client was closed|Client has encountered)/.test(
    cause.message,
  )
}
