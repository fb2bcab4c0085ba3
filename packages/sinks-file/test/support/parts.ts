import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The names of the parts in a folder whose names begin so, in order. */
export const partsIn = (folder: string, beginning = ''): ReadonlyArray<string> =>
  readdirSync(folder)
    .filter((name) => name !== '.weir' && name.startsWith(beginning))
    .sort()

/** What the parts hold, one behind the other. */
export const textOf = (folder: string, beginning = ''): string =>
  partsIn(folder, beginning)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('')

/** The lines of JSON in the parts. */
export const jsonIn = (folder: string, beginning = ''): ReadonlyArray<unknown> =>
  textOf(folder, beginning)
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as unknown)

/** CSV as RFC 4180 has it; an empty field that is not quoted is null. */
export const parseCsv = (text: string): ReadonlyArray<ReadonlyArray<string | null>> => {
  const rows: Array<Array<string | null>> = []
  let row: Array<string | null> = []
  const field = /("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n)/gy
  for (let found = field.exec(text); found !== null; found = field.exec(text)) {
    const [, raw = '', end] = found
    row.push(raw === '' ? null : raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw)
    if (end === ',') continue
    rows.push(row)
    row = []
  }
  return rows
}
