import { InvalidJob, InvalidOption, job } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import {
  count,
  hopping,
  session,
  suppress,
  type SuppressOptions,
  tap,
  to,
  tumbling,
  type Windows,
} from '../src/index.ts'
import { late, numbers, results, through, throughAtOnce } from './support/through.ts'
import { seen, toWindows, windowed } from './support/windowed.ts'

describe('suppress until the window closes', () => {
  const suppressed = (window: Windows, options: Partial<SuppressOptions<string, number>> = {}) =>
    toWindows(
      job('j')
        .from(numbers)
        .pipe(count('c', { window, emit: 'update' }), suppress('final', { until: 'close', ...options } as never)),
    )

  test('gives the last update of each key and window once, as of its own time', async () => {
    const sent = [
      ['a', 1, 0],
      ['b', 1, 3],
      ['a', 1, 9],
      ['a', 1, 12],
    ] as const
    expect(await windowed(suppressed(tumbling(10)), sent)).toEqual({
      atRest: ['a [0, 10): 2', 'b [0, 10): 1'],
      atEnd: ['a [10, 20): 1'],
    })
    const built = job('j')
      .from(numbers)
      .pipe(count('c', { window: tumbling(10), emit: 'update' }), suppress('final', { until: 'close' }), to(results))
    expect(await through(built, results, sent)).toEqual(['a@9: 2', 'b@9: 1'])
    expect(await throughAtOnce(built, results, sent)).toEqual(['a@9: 2', 'b@9: 1'])
  })

  test.each<readonly [string, Windows]>([
    ['hopping windows', hopping(10, { advanceMs: 5 })],
    ['sessions, also merged ones', session(5, { graceMs: 20 })],
  ])('gives what emit: close gives, of %s', async (_kind, window) => {
    const sent = [10, 12, 20, 16, 40, 70].map((timestamp) => ['a', 1, timestamp] as const)
    const closed = await windowed(toWindows(job('j').from(numbers).pipe(count('c', { window }))), sent)
    const { atRest, atEnd } = await windowed(suppressed(window, { graceMs: 25 }), sent)
    expect([...atRest, ...atEnd]).toEqual([...closed.atRest, ...closed.atEnd])
  })

  test('sets updates aside that come after it has given their window on', async () => {
    const built = job('j')
      .from(numbers)
      .pipe(
        count('c', { window: tumbling(10, { graceMs: 10 }), emit: 'update' }),
        suppress('final', { until: 'close', late }),
        to(results),
      )
    const sent = [
      ['a', 1, 0],
      ['a', 1, 15],
      ['a', 1, 5],
    ] as const
    expect(await through(built, results, sent)).toEqual(['a@9: 1'])
    expect(await through(built, late, sent)).toEqual(['a@5: 2'])
  })

  test('waits for the clock where windows are of processing time', async () => {
    const driver = await jobDriver(suppressed(tumbling(10, { time: 'processing' }), { time: 'processing' }))
    await driver.send(numbers, [{ key: 'a', value: 1, timestamp: 7 }])
    await driver.advance(9)
    expect(await seen(driver)).toEqual([])
    driver.crash()
    await driver.restart()
    await driver.advance(1)
    expect(await seen(driver)).toEqual(['a [0, 10): 1'])
    await driver.close()
  })

  test('says what is wrong with a record that has no window', async () => {
    const driver = await jobDriver(
      job('j')
        .from(numbers)
        .pipe(suppress('final', { until: 'close' }), to(results)),
    )
    await expect(driver.send(numbers, [{ key: 'a', value: 1 }])).rejects.toThrow(
      "suppress 'final': a record has no window to be held until the close of",
    )
    await expect(driver.settle()).rejects.toThrow(InvalidJob)
    await driver.close()
  })
})

describe('suppress for a while', () => {
  const suppressed = (options: { readonly time?: 'processing' } = {}) =>
    job('j')
      .from(numbers)
      .pipe(suppress('rarely', { untilMs: 10, ...options }), to(results))

  test('gives the last record of each key when time has gone on so far from the first one', async () => {
    const sent = [
      ['a', 1, 0],
      ['a', 2, 3],
      ['b', 3, 5],
      ['a', 4, 10],
      ['a', 5, 14],
      ['b', 6, 15],
      ['b', 7, 20],
    ] as const
    const expected = ['a@3: 2', 'b@5: 3', 'a@14: 5']
    expect(await through(suppressed(), results, sent)).toEqual(expected)
    expect(await throughAtOnce(suppressed(), results, sent)).toEqual(expected)
  })

  test('waits for the clock alone when it is of processing time', async () => {
    const driver = await jobDriver(suppressed({ time: 'processing' }))
    const send = (value: number) => driver.send(numbers, [{ key: 'a', value, timestamp: 1_000 * value }])
    await send(1)
    await driver.advance(9)
    await send(2)
    expect(await driver.output(results)).toEqual([])
    driver.crash()
    await driver.restart()
    await driver.advance(1)
    expect((await driver.output(results)).map(({ value }) => value)).toEqual([2])
    await driver.close()
  })

  test('gives everything on at once when event time is at its end, behind a run to the end', async () => {
    const driver = await jobDriver(suppressed())
    const send = (value: number) => driver.send(numbers, [{ key: 'a', value, timestamp: value }])
    await send(1)
    await driver.finish()
    await driver.restart()
    await send(2)
    await send(3)
    expect((await driver.output(results)).map(({ value }) => value)).toEqual([1, 2, 3])
    expect([...driver.store('rarely').entries()]).toEqual([])
    await driver.close()
  })

  test('gives what is due at one time on so that none is late for the others', async () => {
    const built = job('j')
      .from(numbers)
      .pipe(suppress('rarely', { untilMs: 900 }), count('c', { window: tumbling(1_000), late }), to(results))
    // 'a' and 'b' are due together, and 'a' has a later update by then
    const sent = [
      ['c', 1, 0],
      ['a', 1, 500],
      ['b', 1, 500],
      ['a', 1, 1_300],
      ['a', 1, 3_000],
    ] as const
    expect(await throughAtOnce(built, results, sent)).toEqual(['b@999: 1', 'c@999: 1', 'a@1999: 1'])
    expect(await through(built, results, sent)).toEqual(['b@999: 1', 'c@999: 1', 'a@1999: 1'])
  })

  test('keeps the record as it is: time and headers, and windows behind it are not late for it', async () => {
    const times: number[] = []
    const built = job('j')
      .from(numbers)
      .pipe(
        suppress('rarely', { untilMs: 10 }),
        tap(({ headers, timestamp }) => times.push(timestamp, Number(headers?.n))),
        count('c', { window: tumbling(5), late }),
        to(results),
      )
    const driver = await jobDriver(built)
    const headers = Object.assign(Object.create(null) as Record<string, string>, { n: '7', __proto__x: '' })
    await driver.send(numbers, [{ key: 'a', value: 1, timestamp: 3, headers }])
    driver.crash()
    await driver.restart()
    await driver.send(numbers, [{ key: 'b', value: 1, timestamp: 500 }])
    await driver.finish()
    expect(times.slice(0, 2)).toEqual([3, 7])
    expect((await driver.output(results)).map(({ key, timestamp }) => [key, timestamp])).toEqual([
      ['a', 4],
      ['b', 504],
    ])
    expect(await driver.output(late)).toEqual([])
    expect([...driver.store('rarely').entries()]).toEqual([])
    await driver.close()
  })
})

test.each<readonly [string, unknown]>([
  ["until is 'end'", { until: 'end' }],
  ['graceMs is -1', { until: 'close', graceMs: -1 }],
  ['untilMs is 0', { untilMs: 0 }],
  ['untilMs is undefined', {}],
  ["time is 'wall'", { untilMs: 5, time: 'wall' }],
  ["there is no option 'graceMs'", { untilMs: 5, graceMs: 5 }],
  ["there is no option 'untilMs'", { until: 'close', untilMs: 5 }],
])('suppress is refused when %s', (message, options) => {
  expect(() => suppress('s', options as SuppressOptions<string, number>)).toThrow(InvalidOption)
  expect(() => suppress('s', options as SuppressOptions<string, number>)).toThrow(`suppress 's': ${message}`)
})
