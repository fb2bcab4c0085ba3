import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SinkRecord } from '@weir/core'
import { csvLines, jsonLines, type LineFormat } from '../../src/index.ts'
import { jsonIn, parseCsv, partsIn } from './parts.ts'

export interface Line {
  readonly key: string
  readonly value: string
}

const line = ({ key, value }: Line): Line => ({ key, value })

/** The format of a name: a key and a value a line. */
export const formatOf = (
  name: string,
  lineOf: (record: SinkRecord<string, string>) => Line = line,
): LineFormat<string, string> =>
  name === 'csv' ? csvLines(['key', 'value'], (record) => ({ ...lineOf(record) })) : jsonLines(lineOf)

/** What the parts hold; each one of CSV begins with the names of the columns, once. */
export const linesIn = (name: string, folder: string): ReadonlyArray<Line> =>
  name === 'csv'
    ? partsIn(folder).flatMap((part) => {
        const [header, ...rows] = parseCsv(readFileSync(join(folder, part), 'utf8'))
        if (header?.join() !== 'key,value') throw new Error(`${part} begins with ${String(header)}`)
        return rows.map(([key, value]) => ({ key: String(key), value: String(value) }))
      })
    : (jsonIn(folder) as ReadonlyArray<Line>)
