import { int32, job, msgpack, type StreamRecord, topic, utf8, type Window } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { aggregate, keyBy, map, tap, to, tumbling } from '../src/index.ts'
import { late, numbers, results, texts, through, throughAtOnce } from './support/through.ts'

const sum = { initial: () => 0, add: (total: number, value: number) => total + value, codec: int32 }
const second = tumbling(1_000)

describe('an aggregate over all time', () => {
  test('begins with the initial value of each key, and gives each new one on', async () => {
    const sums = job('j')
      .from(numbers)
      .pipe(aggregate('sum', { ...sum, initial: (key: string) => key.length }), to(results))
    expect(
      await through(sums, results, [
        ['a', 1, 5],
        ['bb', 1],
        ['a', 2],
      ]),
    ).toEqual(['a@5: 2', 'bb@0: 3', 'a@0: 4'])
  })

  test('sees the whole record', async () => {
    const seen = job('j')
      .from(numbers)
      .pipe(
        aggregate('seen', {
          initial: () => '',
          add: (text, n, { key, timestamp }) => `${text}${key}${n}@${timestamp} `,
        }),
        to(texts),
      )
    expect(
      await through(seen, texts, [
        ['a', 1, 5],
        ['a', 2, 6],
      ]),
    ).toEqual(['a@5: a1@5 ', 'a@6: a1@5 a2@6 '])
  })

  test('goes on where it was after a crash', async () => {
    const listed = job('j')
      .from(numbers)
      .pipe(
        aggregate('list', { initial: (): number[] => [], add: (list, n) => [...list, n] }),
        map((list) => list.join(',')),
        to(texts),
      )
    const driver = await jobDriver(listed)
    await driver.send(
      numbers,
      [1, 2].map((value) => ({ key: 'a', value })),
    )
    driver.crash()
    await driver.restart()
    await driver.send(numbers, [{ key: 'a', value: 3 }])
    expect((await driver.output(texts)).map(({ value }) => value)).toEqual(['1', '1,2', '1,2,3'])
    await driver.close()
  })

  test('may be null, and is not begun anew for that', async () => {
    const nulled = job('j')
      .from(numbers)
      .pipe(
        aggregate<string, number, number | null>('n', {
          initial: () => 0,
          add: (value, n) => (value === null || n < 0 ? null : value + n),
        }),
        map(String),
        to(texts),
      )
    expect(
      await through(nulled, texts, [
        ['a', 1],
        ['a', -1],
        ['a', 1],
      ]),
    ).toEqual(['a@0: 1', 'a@0: null', 'a@0: null'])
  })

  test('goes on under the same name and codec, whatever else is around it', async () => {
    const first = await jobDriver(job('j').from(numbers).pipe(aggregate('sum', sum), to(results)))
    await first.send(numbers, [{ key: 'a', value: 1 }])
    await first.close()
    const again = await jobDriver(
      job('j')
        .from(numbers)
        .pipe(
          tap(() => undefined),
          aggregate('sum', sum),
          to(results),
        ),
      { disk: first.disk },
    )
    await again.send(numbers, [{ key: 'a', value: 2 }])
    expect((await again.output(results)).map(({ value }) => value)).toEqual([1, 3])
    await again.close()
  })
})

describe('an aggregate by window', () => {
  test('gives each window once, when event time has passed its end, with the last of its milliseconds as time', async () => {
    const sums = job('j')
      .from(numbers)
      .pipe(aggregate('sum', { ...sum, window: second }), to(results))
    const sent = [
      ['a', 1, 0],
      ['b', 2, 500],
      ['a', 4, 999],
      ['a', 8, 1_000],
      ['a', 16, 2_500],
    ] as const
    const expected = ['a@999: 5', 'b@999: 2', 'a@1999: 8']
    expect(await through(sums, results, sent)).toEqual(expected)
    expect(await throughAtOnce(sums, results, sent)).toEqual(expected)
  })

  test('waits for its grace', async () => {
    const sums = job('j')
      .from(numbers)
      .pipe(aggregate('sum', { ...sum, window: tumbling(1_000, { graceMs: 500 }), late }), to(results))
    const sent = [
      ['a', 1, 0],
      ['a', 2, 1_499],
      ['a', 4, 999],
      ['a', 8, 1_500],
      ['a', 16, 998],
    ] as const
    expect(await through(sums, results, sent)).toEqual(['a@999: 5'])
    expect(await through(sums, late, sent)).toEqual(['a@998: 16'])
  })

  test('tells the window to what begins it, and to what comes after it', async () => {
    const begun: Array<readonly [string, Window]> = []
    const seen: Array<Window | undefined> = []
    const sums = job('j')
      .from(numbers)
      .pipe(
        aggregate('sum', {
          ...sum,
          window: second,
          initial: (key: string, window) => {
            begun.push([key, window])
            return 0
          },
        }),
        tap((record: StreamRecord<string, number>) => seen.push(record.window)),
        to(results),
      )
    await through(sums, results, [
      ['a', 1, -1],
      ['a', 1, 5_000],
    ])
    expect(begun).toEqual([
      ['a', { start: -1_000, end: 0 }],
      ['a', { start: 5_000, end: 6_000 }],
    ])
    expect(seen).toEqual([{ start: -1_000, end: 0 }])
  })

  test('gives each update when asked to, and nothing at the end of the window', async () => {
    const updates = job('j')
      .from(numbers)
      .pipe(aggregate('sum', { ...sum, window: second, emit: 'update' }), to(results))
    expect(
      await through(updates, results, [
        ['a', 1, 0],
        ['a', 2, 900],
        ['a', 4, 1_000],
        ['a', 8, 9_000],
      ]),
    ).toEqual(['a@0: 1', 'a@900: 3', 'a@1000: 4', 'a@9000: 8'])
  })

  test('holds back what it gives on by its grace: windows behind it wait for it', async () => {
    const cascade = job('j')
      .from(numbers)
      .pipe(
        aggregate('seconds', { ...sum, window: tumbling(1_000, { graceMs: 3_000 }) }),
        keyBy(() => 'all'),
        aggregate('twos', { ...sum, window: tumbling(2_000), late }),
        to(results),
      )
    const sent = [
      ['a', 1, 0],
      ['a', 2, 1_500],
      ['a', 4, 4_400],
      ['a', 8, 1_600],
      ['a', 16, 60_000],
    ] as const
    expect(await through(cascade, results, sent)).toEqual(['all@1999: 11', 'all@5999: 4'])
    expect(await through(cascade, late, sent)).toEqual([])
  })

  test.each(['crashes', 'is stopped'])(
    'over windows gives the sums of a plain fold, and takes none as late, when the job %s after every record',
    async (how) => {
      const cascade = job('j')
        .from(numbers)
        .pipe(
          aggregate('seconds', { ...sum, window: tumbling(1_000, { graceMs: 3_000 }) }),
          aggregate('twos', { ...sum, window: tumbling(2_000, { graceMs: 500 }), late }),
          to(results),
        )
      // time goes on by 400 ms, and each third record is 2 s behind
      const records = Array.from({ length: 40 }, (_, n) => ({
        key: `k${n % 3}`,
        value: n,
        timestamp: 10_000 + n * 400 - (n % 3 === 2 ? 2_000 : 0),
      }))
      const sums = new Map<string, number>()
      for (const { key, value, timestamp } of records) {
        const place = `${key}@${timestamp - (timestamp % 2_000) + 1_999}`
        sums.set(place, (sums.get(place) ?? 0) + value)
      }
      const driver = await jobDriver(cascade)
      for (const record of records) {
        await driver.send(numbers, [record])
        if (how === 'crashes') driver.crash()
        await driver.restart()
      }
      await driver.finish()
      const found = (await driver.output(results)).map(
        ({ key, value, timestamp }) => [`${key}@${timestamp}`, value] as const,
      )
      expect(new Map(found)).toEqual(sums)
      expect(found, 'each window once').toHaveLength(sums.size)
      expect(await driver.output(late)).toEqual([])
      await driver.close()
    },
  )

  test('leaves nothing behind when its windows are over', async () => {
    const driver = await jobDriver(
      job('j')
        .from(numbers)
        .pipe(aggregate('sum', { ...sum, window: second }), to(results)),
    )
    for (let n = 0; n < 20; n++) await driver.send(numbers, [{ key: `k${n}`, value: 1, timestamp: n * 400 }])
    expect([...driver.store('sum').windows()]).toHaveLength(2)
    await driver.finish()
    expect([...driver.store('sum').windows()]).toEqual([])
    expect(await driver.output(results)).toHaveLength(20)
    await driver.close()
  })

  test.each([0, 1, 2, 5, 100_000])('is the same with %s entries in memory', async (cacheEntriesMax) => {
    const driver = await jobDriver(
      job('j')
        .from(numbers)
        .pipe(aggregate('sum', { ...sum, window: tumbling(1_000, { graceMs: 2_000 }) }), to(results)),
      { run: { cacheEntriesMax, batchRecordsMax: 3 } },
    )
    for (let n = 0; n < 30; n++)
      await driver.send(numbers, [{ key: `k${n % 4}`, value: n, timestamp: n * 250 - (n % 3) * 700 }])
    await driver.finish()
    const found = (await driver.output(results)).map(({ key, value, timestamp }) => `${key}@${timestamp}: ${value}`)
    expect(found).toMatchInlineSnapshot(`
      [
        "k1@-1: 6",
        "k2@-1: 2",
        "k0@999: 12",
        "k3@999: 3",
        "k2@1999: 16",
        "k3@1999: 18",
        "k1@2999: 39",
        "k2@2999: 14",
        "k0@3999: 48",
        "k3@3999: 15",
        "k2@4999: 40",
        "k3@4999: 42",
        "k1@5999: 75",
        "k2@5999: 26",
        "k0@6999: 52",
        "k3@6999: 27",
      ]
    `)
    await driver.close()
  })
})

test('a codec of its own is that of the store and of the repartition behind it', () => {
  const built = job('j')
    .from(numbers)
    .pipe(
      aggregate('list', { initial: () => ['x'], add: (list) => list, codec: msgpack<string[]>() }),
      keyBy((list) => list[0]!),
      aggregate('again', { initial: () => '', add: (a) => a }),
      to(topic('out', { key: utf8, value: utf8 })),
    )
  expect(built.describe().stages[1]!.inputs[0]).toMatchObject({ topic: 'j-again-repartition', value: 'msgpack' })
})
