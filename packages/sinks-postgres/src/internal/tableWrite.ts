import { Buffer } from 'node:buffer'
import { InvalidOption, SinkFailed, type SinkRecord } from '@weir/core'
import type { ClientBase } from 'pg'
import type { PostgresTableOptions } from '../postgresSink.ts'

type Write<K, V> = (client: ClientBase, records: ReadonlyArray<SinkRecord<K, V>>) => Promise<void>

/** Rows of the same columns that follow each other. */
interface Run {
  readonly names: ReadonlyArray<string>
  readonly rows: Array<ReadonlyArray<unknown>>
}

const rowsMax = 1_000
/** What the protocol can count. */
const parametersMax = 65_535

/**
 * Writes a row for each record.
 *
 * @throws InvalidOption
 */
export const tableWrite = <K, V>(what: string, options: PostgresTableOptions<K, V>): Write<K, V> => {
  const { table, schema, columns, upsertBy = [] } = options
  requireNames(`${what}: table`, [table])
  if (schema !== undefined) requireNames(`${what}: schema`, [schema])
  if (typeof columns !== 'function') {
    throw new InvalidOption(`${what}: columns is ${typeof columns}; expected a function of a record`)
  }
  if (!Array.isArray(upsertBy)) {
    throw new InvalidOption(`${what}: upsertBy is ${typeof upsertBy}; expected the names of columns`)
  }
  requireNames(`${what}: upsertBy`, upsertBy)
  const into = tableName(options)
  return async (client, records) => {
    for (const { names, rows } of runsOf(columns, upsertBy, records)) {
      const atOnce = Math.max(1, Math.min(rowsMax, Math.floor(parametersMax / Math.max(1, names.length))))
      for (let from = 0; from < rows.length; from += atOnce) {
        for (const some of statements(names, upsertBy, rows.slice(from, from + atOnce))) {
          await client.query(statementFor(into, names, upsertBy, some.length), some.flat())
        }
      }
    }
  }
}

/** The table as SQL. */
export const tableName = ({
  table,
  schema,
}: {
  readonly table: string
  readonly schema?: string | undefined
}): string => (schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`)

const runsOf = <K, V>(
  columns: PostgresTableOptions<K, V>['columns'],
  upsertBy: ReadonlyArray<string>,
  records: ReadonlyArray<SinkRecord<K, V>>,
): ReadonlyArray<Run> => {
  const runs: Run[] = []
  for (const record of records) {
    const row = columns(record)
    if (row === null) continue
    const names = Object.keys(row)
    const where = `the row of offset ${record.offset}`
    if (names.length === 0) throw new SinkFailed(`${where} has no columns; expected at least one, or null for no row`)
    for (const each of upsertBy) {
      if (!names.includes(each)) throw new SinkFailed(`${where} has no column '${each}' to upsert by`)
    }
    for (const name of names) {
      const value = row[name]
      if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
        throw new SinkFailed(
          `${where}: column '${name}' is ${value === undefined ? '' : 'a '}${typeof value}; expected a value`,
        )
      }
    }
    const last = runs.at(-1)
    const values = names.map((name) => row[name])
    if (last?.names.length === names.length && names.every((name, index) => name === last.names[index])) {
      last.rows.push(values)
    } else runs.push({ names, rows: [values] })
  }
  return runs
}

/**
 * A statement may not change a row twice: of those with the same key the last one counts. Whether nulls are the same is for the
 * index to say, so one of two rows with such a key goes into the next statement.
 */
const statements = (
  names: ReadonlyArray<string>,
  upsertBy: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<unknown>>,
): ReadonlyArray<ReadonlyArray<ReadonlyArray<unknown>>> => {
  if (upsertBy.length === 0) return [rows]
  const positions = upsertBy.map((name) => names.indexOf(name))
  const all = [new Map<string, ReadonlyArray<unknown>>()]
  for (const row of rows) {
    const columns = positions.map((position) => row[position])
    const key = JSON.stringify(columns.map(keyOf))
    if (columns.includes(null) && all.at(-1)!.has(key)) all.push(new Map())
    const last = all.at(-1)!
    last.delete(key)
    last.set(key, row)
  }
  return all.map((last) => [...last.values()])
}

const keyOf = (value: unknown): unknown => {
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  return ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
    : value
}

const statementFor = (
  into: string,
  names: ReadonlyArray<string>,
  upsertBy: ReadonlyArray<string>,
  count: number,
): string => {
  const row = (index: number): string =>
    `(${names.map((_, column) => `$${index * names.length + column + 1}`).join(', ')})`
  const rows = Array.from({ length: count }, (_, index) => row(index)).join(', ')
  const insert = `INSERT INTO ${into} (${names.map(quoted).join(', ')}) VALUES ${rows}`
  if (upsertBy.length === 0) return insert
  const others = names
    .filter((name) => !upsertBy.includes(name))
    .map((name) => `${quoted(name)} = excluded.${quoted(name)}`)
  const change = others.length === 0 ? 'NOTHING' : `UPDATE SET ${others.join(', ')}`
  return `${insert} ON CONFLICT (${upsertBy.map(quoted).join(', ')}) DO ${change}`
}

/** @throws InvalidOption for what cannot be a name */
const requireNames = (what: string, names: ReadonlyArray<unknown>): void => {
  for (const name of names) {
    if (typeof name === 'string' && name !== '' && !name.includes('\0')) continue
    throw new InvalidOption(`${what} is ${JSON.stringify(name)}; expected a name`)
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
