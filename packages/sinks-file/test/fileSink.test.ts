import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CompletableFuture, SinkFailed, type SinkPlace } from '@weir/core'
import { virtualClock } from '@weir/testing'
import { sinkContract } from '@weir/testing/contract'
import { describe, expect, test } from 'vitest'
import { csvLines, fileSink, type FileSinkOptions, jsonLines, type LineFormat } from '../src/index.ts'
import { jsonIn, parseCsv, partsIn, textOf } from './support/parts.ts'
import { newFolder } from './support/processes.ts'

type Text = string | null

const place: SinkPlace = {
  job: 'job',
  topic: 'topic',
  partition: 0,
  log: '1',
  clock: virtualClock(),
  ended: new CompletableFuture(),
}
const record = <V>(value: V, offset = 0) => ({
  key: 'k',
  value,
  timestamp: 0,
  headers: {},
  offset,
  idempotencyKey: `job/topic/0/${offset}`,
})
const toJson = (options: Partial<FileSinkOptions<string, string>> = {}) => {
  const folder = join(newFolder(), 'out')
  return { folder, files: fileSink<string, string>({ folder, format: jsonLines(), ...options }) }
}

describe('the contract', () => {
  const beginningOf = ({ job: name, topic: of, partition }: SinkPlace): string => `${name}~${of}~${partition}~`
  const json = (partRecordsMax: number) => () => {
    const folder = newFolder()
    const format = jsonLines<string, Text>(({ key, value }) => ({ key, value }))
    return {
      sink: fileSink<string, Text>({ folder, format, partRecordsMax }),
      rows: async (of: SinkPlace) => jsonIn(folder, beginningOf(of)) as ReadonlyArray<{ key: string; value: Text }>,
    }
  }
  const csv = () => {
    const folder = newFolder()
    const format = csvLines<string, Text>(['key', 'value'], ({ key, value }) => ({ key, value }), { header: false })
    return {
      sink: fileSink<string, Text>({ folder, format, partRecordsMax: 3 }),
      rows: async (of: SinkPlace) =>
        parseCsv(textOf(folder, beginningOf(of))).map(([key, value]) => ({ key: key!, value: value! })),
    }
  }
  const all = [
    ...sinkContract({ name: 'a file of JSON lines for each batch', provide: json(1) }),
    ...sinkContract({ name: 'files of JSON lines', provide: json(6) }),
    ...sinkContract({ name: 'files of CSV', provide: csv }),
  ]
  for (const { name, run } of all) test(name, run)
})

describe('a part', () => {
  test('is named by what it covers, holds whole lines, and appears when it is sealed', async () => {
    const { folder, files } = toJson({ partRecordsMax: 2 })
    const writer = await files.open(place)
    await writer.write([record('a', 4)], 5)
    expect(partsIn(folder)).toEqual([])
    await writer.write([record('b', 7)], 9)
    expect(partsIn(folder)).toEqual(['job~topic~0~0000000000000004~0000000000000009.jsonl'])
    expect(textOf(folder)).toBe('"a"\n"b"\n')
    await writer.close()
  })

  test('is sealed by its bytes', async () => {
    const { folder, files } = toJson({ partBytesMax: 8 })
    const writer = await files.open(place)
    await writer.write([record('ü')], 1)
    expect(partsIn(folder)).toEqual([])
    await writer.write([record('b', 1)], 2)
    expect(textOf(folder)).toBe('"ü"\n"b"\n')
    await writer.close()
  })

  test('is due when it is as old as it may be, and is sealed by what comes after that', async () => {
    const { folder, files } = toJson({ partMsMax: 5_000 })
    const clock = virtualClock()
    const writer = await files.open({ ...place, clock })
    expect(writer.flushDueMs).toBe(Infinity)
    await clock.advance(1_000)
    await writer.write([record('a')], 1)
    await clock.advance(4_999)
    await writer.write([record('b', 1)], 2)
    expect(writer.flushDueMs).toBe(6_000)
    expect(partsIn(folder)).toEqual([])
    await clock.advance(1)
    await writer.write([record('c', 2)], 3)
    expect(jsonIn(folder)).toEqual(['a', 'b', 'c'])
    await writer.close()
  })

  test('of CSV begins with the names of its columns, each part anew', async () => {
    const folder = newFolder()
    const format = csvLines<string, string>(['key', 'value'], ({ key, value }) => ({ key, value }))
    const writer = await fileSink<string, string>({ folder, format, partRecordsMax: 1 }).open(place)
    await writer.write([record('a,"b"')], 1)
    await writer.write([record('c', 1)], 2)
    expect(textOf(folder)).toBe('key,value\r\nk,"a,""b"""\r\nkey,value\r\nk,c\r\n')
    await writer.close()
  })

  test('may be moved away: the position stays', async () => {
    const { folder, files } = toJson({ partRecordsMax: 1 })
    const first = await files.open(place)
    await first.write([record('a')], 1)
    rmSync(join(folder, partsIn(folder)[0]!))
    expect((await files.open(place)).position).toBe(1)
  })
})

describe('what a crash leaves', () => {
  const own = (folder: string): string => join(folder, '.weir', readdirSync(join(folder, '.weir'))[0]!)

  test('of a part that is open is removed', async () => {
    const { folder, files } = toJson()
    const crashed = await files.open(place)
    await crashed.write([record('a')], 1)
    expect(existsSync(join(own(folder), 'open'))).toBe(true)
    expect((await files.open(place)).position).toBe(undefined)
    expect(existsSync(join(own(folder), 'open'))).toBe(false)
    // Node ends a process whose garbage has an open file
    await crashed.close()
  })

  test('of a part that counts and is not in its place finds its place', async () => {
    const { folder, files } = toJson({ partRecordsMax: 1 })
    await (await files.open(place)).write([record('a')], 1)
    // as if the last two steps had not been done
    const [part] = partsIn(folder)
    renameSync(join(folder, part!), join(own(folder), part!.slice('job~topic~0~'.length)))
    rmSync(join(own(folder), 'at~1'))
    expect((await files.open(place)).position).toBe(1)
    expect(partsIn(folder)).toEqual([part])
    expect(textOf(folder)).toBe('"a"\n')
  })

  test('of a folder that was made beside the right one is removed, and its owner is fenced', async () => {
    const { folder, files } = toJson({ partRecordsMax: 1 })
    await (await files.open(place)).write([record('a')], 1)
    const late = await files.open(place)
    mkdirSync(join(folder, '.weir', 'job~topic~0~1'))
    const owner = await files.open(place)
    await expect(late.write([record('b', 1)], 2)).rejects.toMatchObject({ _tag: 'SinkFenced' })
    await owner.write([record('b', 1)], 2)
    expect(jsonIn(folder)).toEqual(['a', 'b'])
    expect(readdirSync(join(folder, '.weir')).length).toBe(1)
  })
})

describe('what cannot be written', () => {
  test.each<[string, LineFormat<string, unknown>, RegExp]>([
    ['a value that JSON has not', jsonLines(() => undefined), /the value of offset 3 is nothing that JSON has/],
    ['an unknown column', csvLines(['a'], () => ({ b: 1 })), /the row of offset 3 has a column 'b'; expected a/],
    ['a missing column', csvLines(['a', 'b'], () => ({ a: 1 })), /the row of offset 3 has no column 'b'/],
    ['an object in a column', csvLines(['a'], () => ({ a: {} as string })), /column 'a' of offset 3 is an object/],
    [
      'code that throws',
      jsonLines(() => {
        throw new Error('no luck')
      }),
      /^could not write to '.*'\. It said: no luck$/,
    ],
  ])('%s is SinkFailed, and leaves nothing', async (_, format, message) => {
    const folder = newFolder()
    const files = fileSink<string, unknown>({ folder, format, partRecordsMax: 1 })
    const failure: unknown = await (await files.open(place)).write([record('a', 3)], 4).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(SinkFailed)
    expect(failure).toMatchObject({ recovery: 'stop', message: expect.stringMatching(message) })
    expect(partsIn(folder)).toEqual([])
  })

  test('says itself by SinkFailed whether it may be tried again', async () => {
    const format = jsonLines<string, string>(() => {
      throw new SinkFailed('not now', { recovery: 'retry' })
    })
    const files = fileSink<string, string>({ folder: newFolder(), format })
    await expect((await files.open(place)).write([record('a')], 1)).rejects.toMatchObject({
      recovery: 'retry',
      message: 'not now',
    })
  })

  test('a folder that is a file ends the run before anything is written', async () => {
    const file = join(newFolder(), 'file')
    writeFileSync(file, 'x')
    const files = fileSink<string, string>({ folder: file, format: jsonLines() })
    await expect(files.open(place)).rejects.toMatchObject({ _tag: 'SinkFailed', recovery: 'stop' })
    expect(readFileSync(file, 'utf8')).toBe('x')
  })
})

test('CSV tells empty text from null, and writes times, numbers and booleans as text', () => {
  const format = csvLines<string, unknown>(
    ['a', 'b', 'c', 'd', 'e'],
    () => ({
      a: '',
      b: null,
      c: new Date(0),
      d: 1.5,
      e: true,
    }),
    { delimiter: ';' },
  )
  expect(format.header).toBe('a;b;c;d;e\r\n')
  expect(format.lines([record('x')])).toBe('"";;1970-01-01T00:00:00.000Z;1.5;true\r\n')
})

describe('options are looked at before anything starts', () => {
  test.each<[object, string]>([
    [{ folder: '' }, 'sink \'files\': folder is ""; expected a path'],
    [{ format: undefined }, "sink 'files': format is undefined; expected jsonLines() or csvLines()"],
    [
      { format: { ...jsonLines(), extension: '../x' } },
      'sink \'files\': the extension is "../x"; expected letters and digits',
    ],
    [{ partRecordsMax: 0 }, "sink 'files': partRecordsMax is 0; expected a whole number"],
    [{ partBytesMax: 1.5 }, "sink 'files': partBytesMax is 1.5; expected a whole number"],
    [{ partMsMax: -1 }, "sink 'files': partMsMax is -1; expected a whole number"],
    [{ name: '..' }, 'sink name ".." is not allowed'],
    [{ path: 'x' }, "sink 'files': there is no option 'path'"],
  ])('fileSink %j', (options, message) => {
    expect(() => fileSink({ folder: 'x', format: jsonLines(), ...options })).toThrow(message)
  })

  test.each<[ReadonlyArray<unknown>, string]>([
    [[[], () => ({})], 'csvLines: the columns are []; expected at least one name'],
    [[['a', 'a'], () => ({})], 'csvLines: a column is named twice in ["a","a"]; expected each once'],
    [[['a'], undefined], 'csvLines: it is given undefined for the rows; expected a function of a record'],
    [[['a'], () => ({}), { delimiter: '"' }], 'csvLines: delimiter is "\\""; expected one character'],
    [[['a'], () => ({}), { quote: '"' }], "csvLines: there is no option 'quote'"],
  ])('csvLines %j', (given, message) => {
    expect(() => (csvLines as (...all: ReadonlyArray<unknown>) => unknown)(...given)).toThrow(message)
  })

  test('jsonLines', () => {
    expect(() => jsonLines(1 as never)).toThrow('jsonLines: it is given number; expected a function of a record')
  })
})
