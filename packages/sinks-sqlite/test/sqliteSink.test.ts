import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CompletableFuture, job, SinkFailed, type SinkPlace, topic, utf8 } from '@weir/core'
import { sink } from '@weir/operators'
import { jobDriver, virtualClock } from '@weir/testing'
import { sinkContract } from '@weir/testing/contract'
import { describe, expect, test } from 'vitest'
import { sqliteSink, type SqliteSinkOptions } from '../src/index.ts'
import { newFolder } from './support/processes.ts'

const place: SinkPlace = {
  job: 'job',
  topic: 'topic',
  partition: 0,
  log: 'log',
  clock: virtualClock(),
  ended: new CompletableFuture(),
}

const opened = (create: string): { readonly file: string; readonly database: DatabaseSync } => {
  const file = join(newFolder(), 'outside.db')
  const database = new DatabaseSync(file)
  database.exec(create)
  return { file, database }
}

const record = <V>(value: V, offset = 0) => ({
  key: 'k',
  value,
  timestamp: 0,
  headers: {},
  offset,
  idempotencyKey: `job/topic/0/${offset}`,
})

describe('the contract', () => {
  const provide = () => {
    const { file, database } = opened(
      'CREATE TABLE rows (number INTEGER PRIMARY KEY, place TEXT, key TEXT, value TEXT)',
    )
    const placeOf = (text: string): string => text.slice(0, text.lastIndexOf('/'))
    return {
      sink: sqliteSink<string, string | null>({
        file,
        table: 'rows',
        columns: ({ key, value, idempotencyKey }) => ({ key, value, place: placeOf(idempotencyKey) }),
        busyMsMax: 0,
      }),
      rows: async ({ partition }: SinkPlace) =>
        database
          .prepare('SELECT key, value FROM rows WHERE place = ? ORDER BY number')
          .all(`job/topic/${partition}`) as unknown as ReadonlyArray<{ key: string; value: string | null }>,
      release: () => database.close(),
    }
  }
  for (const { name, run } of sinkContract({ name: 'sqlite', provide })) test(name, run)
})

describe('a table', () => {
  test('gets a row in the place of the one that was there, by the columns of upsertBy', async () => {
    const { file, database } = opened(
      'CREATE TABLE totals (account TEXT PRIMARY KEY, total REAL, paid INTEGER, at TEXT)',
    )
    const writer = await sqliteSink<string, number>({
      file,
      table: 'totals',
      columns: ({ key, value }) => ({ account: key, total: value, paid: value > 1, at: new Date(0) }),
      upsertBy: ['account'],
    }).open(place)
    await writer.write([record(1), record(2.5, 1)], 2)
    expect(database.prepare('SELECT * FROM totals').all()).toEqual([
      { account: 'k', total: 2.5, paid: 1, at: '1970-01-01T00:00:00.000Z' },
    ])
    await writer.close()
  })

  test('gets no row of a record whose columns are null, and may have names of any characters', async () => {
    const { file, database } = opened('CREATE TABLE "my ""table" ("a b" TEXT)')
    const writer = await sqliteSink<string, string>({
      file,
      table: 'my "table',
      columns: ({ value }) => (value === 'no' ? null : { 'a b': value }),
    }).open(place)
    await writer.write([record('no'), record('yes', 1)], 2)
    expect(database.prepare('SELECT * FROM "my ""table"').all()).toEqual([{ 'a b': 'yes' }])
    await writer.close()
  })
})

describe('a write that fails half way', () => {
  const cases: ReadonlyArray<[string, Partial<SqliteSinkOptions<string, string>>, RegExp]> = [
    ['an unknown column', { columns: ({ value }) => ({ valu: value }) }, /to '.*'\. It said: .*no column named valu/],
    [
      'a constraint',
      { columns: ({ value }) => ({ value: value === 'b' ? null : value }) },
      /NOT NULL constraint failed/,
    ],
    [
      'a value that is no value',
      { columns: ({ value }) => ({ value: (value === 'b' ? { a: 1 } : value) as string }) },
      /the row of offset 1: column 'value' is of type object; expected null, text, a number/,
    ],
    [
      'code that throws',
      {
        columns: ({ value }) => {
          if (value === 'b') throw new Error('no such luck')
          return { value }
        },
      },
      /^could not write to '.*'\. It said: no such luck$/,
    ],
  ]
  test.each(cases)('by %s leaves nothing, and says so with SinkFailed', async (_, options, message) => {
    const { file, database } = opened('CREATE TABLE rows (value TEXT NOT NULL)')
    const writer = await sqliteSink<string, string>({
      file,
      table: 'rows',
      columns: () => null,
      ...options,
    }).open(place)
    const failure: unknown = await writer.write([record('a'), record('b', 1)], 2).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(SinkFailed)
    expect(failure).toMatchObject({ recovery: 'stop', message: expect.stringMatching(message) })
    await writer.close()
    expect(database.prepare('SELECT * FROM rows').all()).toEqual([])
    const next = await sqliteSink<string, string>({ file, table: 'rows', columns: ({ value }) => ({ value }) }).open(
      place,
    )
    expect(next.position).toBe(undefined)
    await next.close()
  })

  test('by a database that is busy may be tried again', async () => {
    const { file, database } = opened('CREATE TABLE rows (value TEXT)')
    const writer = await sqliteSink<string, string>({
      file,
      table: 'rows',
      columns: ({ value }) => ({ value }),
      busyMsMax: 0,
    }).open(place)
    database.exec('BEGIN IMMEDIATE')
    await expect(writer.write([record('a')], 1)).rejects.toMatchObject({ _tag: 'SinkFailed', recovery: 'retry' })
    database.exec('ROLLBACK')
    await writer.close()
  })

  test('by a table that is not there ends the run before anything is written', async () => {
    const { file } = opened('CREATE TABLE rows (value TEXT)')
    const lines = topic('lines', { key: utf8, value: utf8 })
    const missing = sqliteSink<string, string>({ file, table: 'row', columns: ({ value }) => ({ value }) })
    await expect(jobDriver(job('write').from(lines).pipe(sink(missing)))).rejects.toThrow(/no such table: row/)
  })
})

describe('statements of your own', () => {
  test('are in the transaction of the position', async () => {
    const { file, database } = opened('CREATE TABLE totals (total INTEGER); INSERT INTO totals VALUES (0)')
    const adding = sqliteSink<string, number>({
      file,
      write: (db, records) => {
        for (const { value } of records) db.prepare('UPDATE totals SET total = total + ?').run(value)
        if (records.length > 2) throw new Error('too many')
      },
    })
    const writer = await adding.open(place)
    await writer.write([record(1), record(2, 1)], 2)
    await expect(writer.write([record(1, 2), record(1, 3), record(1, 4)], 5)).rejects.toThrow('too many')
    await writer.close()
    expect(database.prepare('SELECT total FROM totals').get()).toEqual({ total: 3 })
    expect((await adding.open(place)).position).toBe(2)
  })

  test('that are not done when they return, or end the transaction, are refused', async () => {
    const { file } = opened('CREATE TABLE rows (value TEXT)')
    const promising = await sqliteSink<string, string>({ file, write: async () => undefined }).open(place)
    await expect(promising.write([record('a')], 1)).rejects.toThrow('write gave a promise; expected it to be done')
    const ending = await sqliteSink<string, string>({ file, write: (db) => db.exec('ROLLBACK') }).open(place)
    await expect(ending.write([record('a')], 1)).rejects.toThrow('write ended the transaction')
  })
})

test.each<[object, string]>([
  [{ file: '' }, 'sink \'sqlite\': file is ""; expected the path of a database'],
  [{ table: '' }, 'sink \'sqlite\': table is ""; expected a name'],
  [{ columns: undefined }, "sink 'sqlite': columns is undefined; expected a function of a record"],
  [{ upsertBy: 'a' }, "sink 'sqlite': upsertBy is string; expected the names of columns"],
  [{ upsertBy: [1] }, "sink 'sqlite': upsertBy is 1; expected a name"],
  [{ busyMsMax: -1 }, "sink 'sqlite': busyMsMax is -1; expected a whole number from 0 to 600000"],
  [{ tabel: 'a' }, "sink 'sqlite': there is no option 'tabel'"],
  [{ name: 'a/b' }, 'sink name "a/b" is not allowed'],
  [{ write: 1 }, "there is no option 'table'"],
])('options are looked at before anything starts: %j', (options, message) => {
  const given = { file: 'a.db', table: 'a', columns: () => null, ...options }
  expect(() => sqliteSink(given as never)).toThrow(message)
})
