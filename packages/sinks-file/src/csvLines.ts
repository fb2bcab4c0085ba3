import { InvalidOption, SinkFailed, type SinkRecord } from '@weir/core'
import { stringify } from 'csv-stringify/sync'
import { optionNames, requireKnown } from '@weir/core/protocol'
import type { LineFormat } from './fileSink.ts'

/** A value of a CSV line. `null` is an empty field; a boolean `true` or `false`; a `Date` its ISO text. */
export type CsvValue = string | number | bigint | boolean | Date | null

/** What CSV looks like. */
export interface CsvOptions {
  /** Between fields; `,` by default. */
  readonly delimiter?: string
  /** Whether each part begins with the names of the columns; `true` by default. */
  readonly header?: boolean
}

/**
 * A line of CSV (RFC 4180) for each record: fields with quotes, delimiters or line ends are quoted, lines end in CR LF.
 *
 * Text that begins with `=`, `+`, `-` or `@` is written as it is: a spreadsheet may take it for a formula.
 *
 * @param columns - their names, in order
 * @param rowOf - the values by column; one that is missing, or not a column, ends the run
 * @throws InvalidOption
 * @example
 * const format = csvLines<string, number>(['account', 'total'], ({ key, value }) => ({ account: key, total: value }))
 * format.header // => 'account,total\r\n'
 */
export const csvLines = <K, V>(
  columns: ReadonlyArray<string>,
  rowOf: (record: SinkRecord<K, V>) => Readonly<Record<string, CsvValue>>,
  options: CsvOptions = {},
): LineFormat<K, V> => {
  requireKnown('csvLines', options, csvOptionNames)
  const { delimiter = ',', header = true } = options
  if (!Array.isArray(columns) || columns.length === 0 || columns.some((name) => typeof name !== 'string')) {
    throw new InvalidOption(`csvLines: the columns are ${JSON.stringify(columns)}; expected at least one name`)
  }
  if (new Set(columns).size !== columns.length) {
    throw new InvalidOption(`csvLines: a column is named twice in ${JSON.stringify(columns)}; expected each once`)
  }
  if (typeof rowOf !== 'function') {
    throw new InvalidOption(`csvLines: it is given ${typeof rowOf} for the rows; expected a function of a record`)
  }
  if (typeof delimiter !== 'string' || delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new InvalidOption(`csvLines: delimiter is ${JSON.stringify(delimiter)}; expected one character`)
  }
  const linesOf = (rows: ReadonlyArray<ReadonlyArray<CsvValue>>): string =>
    stringify(
      rows.map((row) => row.map(textOf)),
      { delimiter, record_delimiter: 'windows', quoted_match: /^$|[\r\n]/ },
    )
  return {
    extension: 'csv',
    header: header ? linesOf([columns]) : '',
    lines: (records) => linesOf(records.map((record) => fieldsOf(columns, rowOf(record), record))),
  }
}

const csvOptionNames = optionNames<CsvOptions>({ delimiter: true, header: true })

const fieldsOf = (
  columns: ReadonlyArray<string>,
  row: Readonly<Record<string, CsvValue>>,
  { offset }: SinkRecord<unknown, unknown>,
): ReadonlyArray<CsvValue> => {
  const names = Object.keys(row)
  const unknown = names.find((name) => !columns.includes(name))
  if (unknown !== undefined) {
    throw new SinkFailed(`the row of offset ${offset} has a column '${unknown}'; expected ${columns.join(', ')}`)
  }
  return columns.map((name) => {
    const value = row[name]
    if (value === undefined) throw new SinkFailed(`the row of offset ${offset} has no column '${name}'`)
    if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
      throw new SinkFailed(
        `column '${name}' of offset ${offset} is an object; expected text, a number, a boolean, a Date or null`,
      )
    }
    return value
  })
}

/** Empty text is quoted, so that it differs from null. */
const textOf = (value: CsvValue): string | null => {
  if (value === null) return null
  return value instanceof Date ? value.toISOString() : String(value)
}
