import { int32, InvalidOption, job, json, msgpack, topic, utf8 } from '@weir/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jobDriver } from '@weir/testing'
import { map, session, sliding, to, topN, type TopNOptions, tumbling } from '../src/index.ts'
import { Celsius, CelsiusFromNumber } from './support/Celsius.ts'
import { numbers, texts, through } from './support/through.ts'
import { toWindows, windowed } from './support/windowed.ts'

/** The tens are what a value is of, the units how much it is. */
const idOf = (n: number): string => String(Math.floor(n / 10))
const by = (n: number): number => n % 10

const topOf = (n: number, options: Partial<TopNOptions<string, number>> = {}) =>
  job('j')
    .from(numbers)
    .pipe(topN('top', n, { by, ...options }), map(String), to(texts))

describe('topN', () => {
  test('gives the largest values of a key on whenever they have changed', async () => {
    expect(
      await through(topOf(2), texts, [
        ['a', 3],
        ['a', 5],
        ['b', 1],
        ['a', 2],
        ['a', 4],
      ]),
    ).toEqual(['a@0: 3', 'a@0: 5,3', 'b@0: 1', 'a@0: 5,4'])
  })

  test('lets a value take the place of the one before it of the same id', async () => {
    expect(
      await through(topOf(2, { idOf }), texts, [
        ['a', 11],
        ['a', 22],
        ['a', 14],
        ['a', 32],
        ['a', 35],
      ]),
    ).toEqual(['a@0: 11', 'a@0: 22,11', 'a@0: 14,22', 'a@0: 35,14'])
  })

  test('is the list of the latest values, sorted, as long as the values of an id only grow', async () => {
    const growing = fc.array(fc.record({ id: fc.nat(5), by: fc.nat(3) }), { maxLength: 40 }).map((steps) => {
      const totals = new Map<number, number>()
      return steps.map(({ id, by: more }) => {
        totals.set(id, (totals.get(id) ?? 0) + more)
        return id * 1_000 + totals.get(id)!
      })
    })
    await fc.assert(
      fc.asyncProperty(growing, fc.integer({ min: 1, max: 4 }), async (values, n) => {
        const options = {
          by: (value: number) => value % 1_000,
          idOf: (value: number) => String(Math.floor(value / 1_000)),
        }
        const driver = await jobDriver(topOf(n, options))
        await driver.send(
          numbers,
          values.map((value) => ({ key: 'a', value })),
        )
        const latest = new Map(values.map((value) => [options.idOf(value), value]))
        const expected = [...latest.values()].toSorted(
          (a, b) => options.by(b) - options.by(a) || (options.idOf(a) < options.idOf(b) ? -1 : 1),
        )
        const found = (await driver.output(texts)).at(-1)?.value ?? ''
        expect(found).toBe(expected.slice(0, n).join(','))
        await driver.close()
      }),
      { numRuns: 50 },
    )
  })

  test('is that of each window', async () => {
    const top = toWindows(
      job('j')
        .from(numbers)
        .pipe(topN('top', 2, { by, window: tumbling(10) })),
    )
    const sent = [
      ['a', 1, 0],
      ['a', 3, 1],
      ['a', 2, 2],
      ['a', 9, 10],
    ] as const
    expect(await windowed(top, sent)).toEqual({ atRest: ['a [0, 10): 3,2'], atEnd: ['a [10, 20): 9'] })
  })

  test('of sliding windows keeps their values in a codec of its own', async () => {
    const heat = json(CelsiusFromNumber)
    const readings = topic('readings', { key: utf8, value: heat })
    const tops = topic('tops', { key: utf8, value: utf8 })
    const hottest = job('j')
      .from(readings)
      .pipe(
        topN('top', 2, { by: ({ degrees }) => degrees, window: sliding(10), values: heat }),
        map((top) => top.map((each) => each.text()).join(', ')),
        to(tops),
      )
    const driver = await jobDriver(hottest)
    // each is read again from what is stored
    for (const timestamp of [1, 3, 6]) {
      await driver.send(readings, [{ key: 'a', value: new Celsius(timestamp), timestamp }])
      await driver.restart()
    }
    await driver.finish()
    const found = (await driver.output(tops)).map(({ value }) => value)
    expect(found).toContain('6 C, 3 C')
    await driver.close()
  })

  test('is that of both sessions when a record joins them', async () => {
    const window = session(5, { graceMs: 100 })
    const top = toWindows(
      job('j')
        .from(numbers)
        .pipe(topN('top', 2, { by, idOf, window })),
    )
    const sent = [
      ['a', 13, 0],
      ['a', 24, 10],
      ['a', 15, 9],
      ['a', 31, 5],
    ] as const
    expect((await windowed(top, sent)).atEnd).toEqual(['a [0, 11): 15,24'])
  })

  test('a record that cannot be compared is set aside, and the others are ranked', async () => {
    const top = topN<string, string>('t', 2, { by: Number, codec: msgpack() })
    const outputs = topic('ranked', { key: utf8, value: msgpack<string[]>() })
    const driver = await jobDriver(job('j').from(texts).pipe(top, to(outputs)), { badRecords: 'set-aside' })
    await driver.send(
      texts,
      ['x', '1', '5', '3'].map((value) => ({ key: 'a', value })),
    )
    expect(driver.store('t').get('a')).toEqual(['5', '3'])
    expect(driver.metrics().recordsBad).toBe(1)
    await driver.close()
  })

  test.each<readonly [string, number, unknown]>([
    ['n is 0', 0, { by }],
    ['n is 1.5', 1.5, { by }],
    ['emit and late are of windows', 1, { by, emit: 'update' }],
    ['values is of what sliding windows keep, and the window is none', 1, { by, values: int32 }],
    ['values is of what sliding windows keep, and the window is session', 1, { by, values: int32, window: session(5) }],
    ["there is no option 'compare'", 1, { by, compare: by }],
  ])('is refused when %s', (message, n, options) => {
    expect(() => topN('t', n, options as TopNOptions<string, number>)).toThrow(InvalidOption)
    expect(() => topN('t', n, options as TopNOptions<string, number>)).toThrow(`topN 't': ${message}`)
  })
})
