import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { ConsumedRecord } from '@weir/core'
import type { EventRecords } from './events.ts'
import { outOfOrdernessMs } from './model.ts'
import type { Result } from './Query.ts'

/** The columns of the tables, beside where each record lies and when it arrived. */
const columns = {
  person: {
    id: 'bigint',
    name: 'varchar',
    email: 'varchar',
    creditCard: 'varchar',
    city: 'varchar',
    state: 'varchar',
    dateTime: 'bigint',
    extra: 'varchar',
  },
  auction: {
    id: 'bigint',
    itemName: 'varchar',
    description: 'varchar',
    initialBid: 'bigint',
    reserve: 'bigint',
    dateTime: 'bigint',
    expires: 'bigint',
    seller: 'bigint',
    category: 'bigint',
    extra: 'varchar',
  },
  bid: {
    auction: 'bigint',
    bidder: 'bigint',
    price: 'bigint',
    channel: 'varchar',
    url: 'varchar',
    dateTime: 'bigint',
    extra: 'varchar',
  },
} as const

/** A database in memory with the events as tables: see `Query.sql`. */
export class DuckDb {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  /** Takes over the events. */
  static async of(records: EventRecords): Promise<DuckDb> {
    const instance = await DuckDBInstance.create(':memory:')
    const database = new DuckDb(instance, await instance.connect())
    await database.#load('person', records.person)
    await database.#load('auction', records.auction)
    await database.#load('bid', records.bid)
    return database
  }

  /** The answer to a question. */
  async ask(sql: string): Promise<ReadonlyArray<Result>> {
    const reader = await this.#connection.runAndReadAll(sql)
    return reader.getRowObjectsJS().map(toPlain)
  }

  close(): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }

  async #load(table: keyof typeof columns, records: ReadonlyArray<ConsumedRecord<number, object>>): Promise<void> {
    const fields = Object.entries(columns[table])
    const definitions = fields.map(([name, type]) => `${name} ${type}`).join(', ')
    await this.#connection.run(
      `create table arrived_${table} (partition int, position bigint, arrival bigint, ${definitions})`,
    )
    const appender = await this.#connection.createAppender(`arrived_${table}`)
    for (const { partition, offset, timestamp, value } of records) {
      appender.appendInteger(partition)
      appender.appendBigInt(BigInt(offset))
      appender.appendBigInt(BigInt(timestamp))
      for (const [name, type] of fields) {
        const field: unknown = value[name as keyof typeof value]
        if (type === 'bigint') appender.appendBigInt(BigInt(field as number))
        else appender.appendVarchar(field as string)
      }
      appender.endRow()
    }
    appender.closeSync()
    await this.#connection.run(`
      create table ${table} as
      select *, max(dateTime) over (partition by partition order by position) - ${outOfOrdernessMs} as watermark
      from arrived_${table}`)
  }
}

/** Of a row that nobody else has. */
const toPlain = (row: Record<string, unknown>): Result => {
  for (const column in row) if (typeof row[column] === 'bigint') row[column] = Number(row[column])
  return row as Result
}
