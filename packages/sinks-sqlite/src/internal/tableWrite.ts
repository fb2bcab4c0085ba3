import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { InvalidOption, SinkFailed, type SinkRecord } from '@weir/core'
import type { SqliteRow, SqliteTableOptions } from '../sqliteSink.ts'

type Write<K, V> = (database: DatabaseSync, records: ReadonlyArray<SinkRecord<K, V>>) => void

/**
 * Writes a row for each record.
 *
 * @throws InvalidOption
 */
export const tableWrite = <K, V>(
  what: string,
  { table, columns, upsertBy = [] }: SqliteTableOptions<K, V>,
): Write<K, V> => {
  requireColumns(`${what}: table`, [table])
  if (typeof columns !== 'function') {
    throw new InvalidOption(`${what}: columns is ${typeof columns}; expected a function of a record`)
  }
  if (!Array.isArray(upsertBy)) {
    throw new InvalidOption(`${what}: upsertBy is ${typeof upsertBy}; expected the names of columns`)
  }
  requireColumns(`${what}: upsertBy`, upsertBy)
  return (database, records) => {
    const statements = new Map<string, StatementSync>()
    for (const record of records) {
      const row = columns(record)
      if (row === null) continue
      const names = Object.keys(row)
      for (const each of upsertBy) {
        if (!names.includes(each)) throw new SinkFailed(`${at(record)} has no column '${each}' to upsert by`)
      }
      const sql = statementFor(table, names, upsertBy)
      const statement = statements.get(sql) ?? database.prepare(sql)
      statements.set(sql, statement)
      statement.run(...names.map((name) => valueOf(record, name, row[name])))
    }
  }
}

const statementFor = (table: string, names: ReadonlyArray<string>, upsertBy: ReadonlyArray<string>): string => {
  const insert =
    names.length === 0
      ? `INSERT INTO ${quoted(table)} DEFAULT VALUES`
      : `INSERT INTO ${quoted(table)} (${names.map(quoted).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`
  if (upsertBy.length === 0) return insert
  const others = names
    .filter((name) => !upsertBy.includes(name))
    .map((name) => `${quoted(name)} = excluded.${quoted(name)}`)
  const change = others.length === 0 ? 'NOTHING' : `UPDATE SET ${others.join(', ')}`
  return `${insert} ON CONFLICT (${upsertBy.map(quoted).join(', ')}) DO ${change}`
}

const valueOf = (
  record: SinkRecord<unknown, unknown>,
  name: string,
  value: SqliteRow[string] | undefined,
): SQLInputValue => {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (value instanceof Date) return value.toISOString()
  const isKnown =
    value === null ||
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'bigint' ||
    ArrayBuffer.isView(value)
  if (isKnown) return value
  throw new SinkFailed(
    `${at(record)}: column '${name}' is ${value === undefined ? 'undefined' : `of type ${typeof value}`}; expected ` +
      'null, text, a number, a bigint, bytes, a boolean or a Date',
  )
}

const at = ({ offset }: SinkRecord<unknown, unknown>): string => `the row of offset ${offset}`

/** @throws InvalidOption for what cannot be the name of a table or column */
const requireColumns = (what: string, names: ReadonlyArray<unknown>): void => {
  for (const name of names) {
    if (typeof name === 'string' && name !== '' && !name.includes('\0')) continue
    throw new InvalidOption(`${what} is ${JSON.stringify(name)}; expected a name`)
  }
}

/** A name as SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
