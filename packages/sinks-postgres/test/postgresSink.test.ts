import { CompletableFuture, SinkFailed, type SinkPlace } from '@weir/core'
import { virtualClock } from '@weir/testing'
import { sinkContract } from '@weir/testing/contract'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresSink, type PostgresSinkOptions } from '../src/index.ts'
import { PostgresServer, postgresPrograms } from './support/postgres.ts'

const place: SinkPlace = {
  job: 'job',
  topic: 'topic',
  partition: 0,
  log: 'log',
  clock: virtualClock(),
  ended: new CompletableFuture(),
}
const record = <V>(value: V, offset = 0, key = 'k') => ({
  key,
  value,
  timestamp: 0,
  headers: {},
  offset,
  idempotencyKey: `job/topic/0/${offset}`,
})

describe.skipIf(postgresPrograms === undefined)('a server', () => {
  let server: PostgresServer
  let databases = 0
  beforeAll(async () => {
    server = new PostgresServer()
    await server.start()
  })
  afterAll(() => server.remove())

  /** A database of the test's own. */
  const database = async (create: string) => {
    const name = `test_${databases++}`
    await server.query(`CREATE DATABASE ${name}`)
    const connection = { ...server.connection, database: name }
    const query = async <A>(text: string): Promise<ReadonlyArray<A>> => {
      const client = new pg.Client(connection)
      await client.connect()
      const { rows } = await client.query(text)
      await client.end()
      return rows as ReadonlyArray<A>
    }
    await query(create)
    return { connection, query }
  }

  describe('the contract', () => {
    const provide = async () => {
      const { connection, query } = await database(
        'CREATE TABLE rows (number bigserial, place text, key text, value text)',
      )
      return {
        sink: postgresSink<string, string | null>({
          connection,
          table: 'rows',
          columns: ({ key, value, idempotencyKey }) => ({
            key,
            value,
            place: idempotencyKey.slice(0, idempotencyKey.lastIndexOf('/')),
          }),
        }),
        rows: ({ partition }: SinkPlace) =>
          query<{ key: string; value: string | null }>(
            `SELECT key, value FROM rows WHERE place = 'job/topic/${partition}' ORDER BY number`,
          ),
      }
    }
    for (const { name, run } of sinkContract({ name: 'postgres', provide, historyRuns: 10 })) test(name, run)
  })

  describe('a table', () => {
    test.each([
      ['', [1, 2, 3]],
      ['NULLS NOT DISTINCT', [2, 3]],
    ])('takes nulls to be the same only where its index does: UNIQUE %s', async (nulls, expected) => {
      const { connection, query } = await database(`CREATE TABLE mails (mail text, number int, UNIQUE ${nulls} (mail))`)
      const sink = postgresSink<string, number>({
        connection,
        table: 'mails',
        columns: ({ key, value }) => ({ mail: key === '' ? null : key, number: value }),
        upsertBy: ['mail'],
      })
      const writer = await sink.open(place)
      await writer.write([record(1, 0, ''), record(2, 1, ''), record(3, 2, 'k')], 3)
      const rows = await query<{ number: number }>('SELECT number FROM mails ORDER BY number')
      expect(rows.map(({ number }) => number)).toEqual(expected)
      await writer.close()
    })

    test('tells numbers apart as the server does, those too that JSON has not', async () => {
      const { connection, query } = await database('CREATE TABLE ns (n float8 UNIQUE, number int)')
      const sink = postgresSink<string, number>({
        connection,
        table: 'ns',
        columns: ({ key, value }) => ({ n: key === '1' ? key : Number(key), number: value }),
        upsertBy: ['n'],
      })
      const writer = await sink.open(place)
      const keys = ['NaN', 'Infinity', '1', '1.0']
      await writer.write(
        keys.map((key, n) => record(n, n, key)),
        4,
      )
      const rows = await query<{ number: number }>('SELECT number FROM ns ORDER BY number')
      expect(rows.map(({ number }) => number)).toEqual([0, 1, 3])
      await writer.close()
    })

    test('gets a row in the place of the one that was there, by the columns of upsertBy, also within a batch', async () => {
      const { connection, query } = await database(
        'CREATE TABLE totals (account text PRIMARY KEY, total float8, paid boolean, at timestamptz, raw bytea, more jsonb, big bigint)',
      )
      const sink = postgresSink<string, number>({
        connection,
        table: 'totals',
        schema: 'public',
        columns: ({ key, value }) => ({
          account: key,
          total: value,
          paid: value > 1,
          at: new Date(0),
          raw: new Uint8Array([1, 255]),
          more: { value },
          big: 2n ** 60n,
        }),
        upsertBy: ['account'],
      })
      const writer = await sink.open(place)
      await writer.write([record(1), record(2, 1, 'l'), record(3.5, 2)], 3)
      await writer.write([record(4, 3, 'l')], 4)
      expect(await query('SELECT account, total, paid, at, raw, more, big FROM totals ORDER BY account')).toEqual([
        {
          account: 'k',
          total: 3.5,
          paid: true,
          at: new Date(0),
          raw: Buffer.from([1, 255]),
          more: { value: 3.5 },
          big: '1152921504606846976',
        },
        {
          account: 'l',
          total: 4,
          paid: true,
          at: new Date(0),
          raw: Buffer.from([1, 255]),
          more: { value: 4 },
          big: '1152921504606846976',
        },
      ])
      await writer.close()
    })

    test('gets no row of a record whose columns are null, and may have rows of different columns', async () => {
      const { connection, query } = await database('CREATE TABLE "my ""table" (number serial, a text, "b c" text)')
      const sink = postgresSink<string, string>({
        connection,
        table: 'my "table',
        columns: ({ value }) => (value === 'no' ? null : value < 'm' ? { a: value } : { 'b c': value }),
      })
      const writer = await sink.open(place)
      await writer.write([record('no'), record('a', 1), record('z', 2), record('b', 3)], 4)
      expect(await query('SELECT a, "b c" FROM "my ""table" ORDER BY number')).toEqual([
        { a: 'a', 'b c': null },
        { a: null, 'b c': 'z' },
        { a: 'b', 'b c': null },
      ])
      await writer.close()
    })
  })

  describe('a write that fails half way', () => {
    const cases: ReadonlyArray<[string, Partial<PostgresSinkOptions<string, string>>, RegExp]> = [
      [
        'an unknown column',
        { columns: ({ value }) => ({ valu: value }) },
        /column "valu" of relation "rows" does not exist/,
      ],
      [
        'a constraint',
        { columns: ({ value }) => ({ value: value === 'b' ? null : value }) },
        /violates not-null constraint/,
      ],
      [
        'a value that is none',
        { columns: () => ({ value: undefined }) },
        /the row of offset 0: column 'value' is undefined; expected a value/,
      ],
      ['no columns', { columns: () => ({}) }, /the row of offset 0 has no columns; expected at least one/],
      ['no column to upsert by', { upsertBy: ['id'] }, /the row of offset 0 has no column 'id' to upsert by/],
      [
        'code that throws',
        {
          columns: () => {
            throw new Error('no such luck')
          },
        },
        /^could not write\. It said: no such luck$/,
      ],
    ]
    test.each(cases)('by %s leaves nothing, and says so with SinkFailed', async (_, options, message) => {
      const { connection, query } = await database('CREATE TABLE rows (value text NOT NULL)')
      const right = { connection, table: 'rows', columns: ({ value }: { value: string }) => ({ value }) }
      const writer = await postgresSink<string, string>({ ...right, ...options }).open(place)
      const failure: unknown = await writer.write([record('a'), record('b', 1)], 2).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(failure).toBeInstanceOf(SinkFailed)
      expect(failure).toMatchObject({ recovery: 'stop', message: expect.stringMatching(message) })
      await writer.close()
      expect(await query('SELECT * FROM rows')).toEqual([])
      const next = await postgresSink<string, string>(right).open(place)
      expect(next.position).toBe(undefined)
      await next.close()
    })

    test('by SinkFailed of its own may be tried again, where that says so', async () => {
      const { connection } = await database('SELECT 1')
      const write = () => Promise.reject(new SinkFailed('not now', { recovery: 'retry' }))
      const writer = await postgresSink<string, string>({ connection, write }).open(place)
      await expect(writer.write([record('a')], 1)).rejects.toMatchObject({ recovery: 'retry', message: 'not now' })
      await writer.close()
    })

    test('by a table that is not there fails when it is opened', async () => {
      const { connection } = await database('SELECT 1')
      const missing = postgresSink<string, string>({ connection, table: 'rows', columns: () => null })
      await expect(missing.open(place)).rejects.toMatchObject({
        recovery: 'stop',
        message: expect.stringContaining('relation "rows" does not exist'),
      })
    })

    test('by a server that cannot be reached may be tried again', async () => {
      const connection = { ...server.connection, host: '/nowhere' }
      await expect(postgresSink({ connection, table: 'rows', columns: () => null }).open(place)).rejects.toMatchObject({
        _tag: 'SinkFailed',
        recovery: 'retry',
      })
    })

    test('by a connection that breaks may be tried again', async () => {
      const { connection, query } = await database('CREATE TABLE rows (value text)')
      const breaking = postgresSink<string, string>({
        connection,
        write: async (client, records) => {
          await client.query('INSERT INTO rows VALUES ($1)', [records[0]!.value])
          await client.query('SELECT pg_terminate_backend(pg_backend_pid())')
        },
      })
      const writer = await breaking.open(place)
      await expect(writer.write([record('a')], 1)).rejects.toMatchObject({ _tag: 'SinkFailed', recovery: 'retry' })
      await writer.close()
      expect(await query('SELECT * FROM rows')).toEqual([])
    })

    test('by an owner that stands still within its transaction waits no longer than it may', async () => {
      const { connection, query } = await database('CREATE TABLE rows (value text)')
      const sink = postgresSink<string, string>({
        connection,
        table: 'rows',
        columns: ({ value }) => ({ value }),
        waitMsMax: 200,
      })
      const writer = await sink.open(place)
      const still = new pg.Client(connection)
      await still.connect()
      await still.query('BEGIN')
      await still.query('UPDATE weir_positions SET position = position')
      await expect(writer.write([record('a')], 1)).rejects.toMatchObject({ _tag: 'SinkFailed', recovery: 'retry' })
      await still.end()
      await writer.write([record('a')], 1)
      expect(await query('SELECT * FROM rows')).toEqual([{ value: 'a' }])
      await writer.close()
    })
  })

  describe('statements of your own', () => {
    test('are in the transaction of the position', async () => {
      const { connection, query } = await database('CREATE TABLE totals (total int); INSERT INTO totals VALUES (0)')
      const adding = postgresSink<string, number>({
        connection,
        write: async (client, records) => {
          for (const { value } of records) await client.query('UPDATE totals SET total = total + $1', [value])
          if (records.length > 2) throw new Error('too many')
        },
      })
      const writer = await adding.open(place)
      await writer.write([record(1), record(2, 1)], 2)
      await expect(writer.write([record(1, 2), record(1, 3), record(1, 4)], 5)).rejects.toThrow('too many')
      await writer.close()
      expect(await query('SELECT total FROM totals')).toEqual([{ total: 3 }])
      const next = await adding.open(place)
      expect(next.position).toBe(2)
      await next.close()
    })

    test('that end the transaction, or hide an error, are refused', async () => {
      const { connection, query } = await database('CREATE TABLE rows (value text NOT NULL)')
      const ending = await postgresSink<string, string>({
        connection,
        write: (client) => client.query('ROLLBACK'),
      }).open(place)
      await expect(ending.write([record('a')], 1)).rejects.toThrow('write ended the transaction; expected it to go on')
      await ending.close()
      const hiding = await postgresSink<string, string>({
        connection,
        write: (client) => client.query('INSERT INTO rows VALUES (NULL)').catch(() => undefined),
      }).open(place)
      await expect(hiding.write([record('a')], 1)).rejects.toThrow(/current transaction is aborted/)
      await hiding.close()
      expect(await query('SELECT position FROM weir_positions')).toEqual([{ position: null }])
    })
  })

  test('that does not wait for its disk by default does for the sink', async () => {
    const { connection } = await database(
      "CREATE TABLE rows (value text); ALTER ROLE weir SET synchronous_commit = 'off'",
    )
    let setting: unknown
    const asking = postgresSink<string, string>({
      connection,
      write: async (client) => {
        setting = (await client.query<{ synchronous_commit: string }>('SHOW synchronous_commit')).rows[0]
      },
    })
    const writer = await asking.open(place)
    await writer.write([record('a')], 1)
    await writer.close()
    await server.query('ALTER ROLE weir RESET synchronous_commit')
    expect(setting).toEqual({ synchronous_commit: 'on' })
  })

  test('gets its connections back when the last writer is closed', async () => {
    const { connection, query } = await database('CREATE TABLE rows (value text)')
    const sink = postgresSink<string, string>({ connection, table: 'rows', columns: ({ value }) => ({ value }) })
    const writers = [await sink.open(place), await sink.open({ ...place, partition: 1 })]
    await Promise.all(writers.map((writer) => writer.write([record('a')], 1)))
    for (const writer of writers) await writer.close()
    const count = async () =>
      (await query('SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()'))
        .length
    await expect.poll(count).toBe(0)
  })
})

test.each<[object, string]>([
  [{ connection: undefined }, "sink 'postgres': connection is undefined; expected a URL or options of pg"],
  [{ table: '' }, 'sink \'postgres\': table is ""; expected a name'],
  [{ schema: 1 }, "sink 'postgres': schema is 1; expected a name"],
  [{ columns: undefined }, "sink 'postgres': columns is undefined; expected a function of a record"],
  [{ upsertBy: 'a' }, "sink 'postgres': upsertBy is string; expected the names of columns"],
  [{ connectionsMax: 0 }, "sink 'postgres': connectionsMax is 0; expected a whole number from 1 to 1000"],
  [{ waitMsMax: 0 }, "sink 'postgres': waitMsMax is 0; expected a whole number"],
  [{ tabel: 'a' }, "sink 'postgres': there is no option 'tabel'"],
  [{ name: 'a/b' }, 'sink name "a/b" is not allowed'],
])('options are looked at before anything starts: %j', (options, message) => {
  const given = { connection: 'postgres://localhost/x', table: 'a', columns: () => null, ...options }
  expect(() => postgresSink(given as never)).toThrow(message)
})
