import { int32, InvalidOption, job, topic } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { dedup, type DedupOptions, keyBy, map, to } from '../src/index.ts'
import { numbers, results, through, throughAtOnce } from './support/through.ts'

const deduped = (options: DedupOptions<string, number>) =>
  job('j').from(numbers).pipe(dedup('seen', options), to(results))

describe('dedup', () => {
  test('lets the first record of a key and id through, and drops its repeats within a time', async () => {
    const sent = [
      ['a', 1, 0],
      ['a', 1, 5],
      ['b', 1, 6],
      ['a', 2, 7],
      ['a', 1, 9],
      ['a', 1, 10],
      ['a', 1, 19],
    ] as const
    const expected = ['a@0: 1', 'b@6: 1', 'a@7: 2', 'a@10: 1']
    const built = deduped({ idOf: String, withinMs: 10 })
    expect(await through(built, results, sent)).toEqual(expected)
    expect(await throughAtOnce(built, results, sent)).toEqual(expected)
  })

  test('takes any further record of a key for a repeat when there are no ids', async () => {
    expect(
      await through(deduped({ withinMs: 10 }), results, [
        ['a', 1, 0],
        ['a', 2, 5],
        ['b', 3, 5],
      ]),
    ).toEqual(['a@0: 1', 'b@5: 3'])
  })

  test('goes by the order of the source: a repeat that lies far behind is one all the same', async () => {
    expect(
      await through(deduped({ withinMs: 10 }), results, [
        ['a', 1, 100],
        ['a', 1, 3],
        ['a', 1, 109],
      ]),
    ).toEqual(['a@100: 1'])
  })

  test('tells keys and ids apart that read the same when put together', async () => {
    const rekeyed = job('j')
      .from(numbers)
      .pipe(
        map((n) => (n === 1 ? 'bc' : 'c')),
        dedup('seen', { idOf: (id) => id, withinMs: 10 }),
        map((id) => id.length),
        to(results),
      )
    expect(
      await through(rekeyed, results, [
        ['a', 1],
        ['ab', 2],
        ['a', 1],
      ]),
    ).toEqual(['a@0: 2', 'ab@0: 1'])
  })

  test('takes keys of any codec', async () => {
    const byNumber = topic('by-number', { key: int32, value: int32 })
    const built = job('j')
      .from(numbers)
      .pipe(
        keyBy((n) => n % 2, { key: int32 }),
        dedup('seen', { withinMs: 10 }),
        to(byNumber),
      )
    const driver = await jobDriver(built)
    await driver.send(
      numbers,
      [1, 2, 3, 4].map((value) => ({ key: 'a', value, timestamp: 0 })),
    )
    expect((await driver.output(byNumber)).map(({ key, value }) => [key, value])).toEqual([
      [1, 1],
      [0, 2],
    ])
    await driver.close()
  })

  test('remembers by the clock when asked to, across a crash, and forgets then', async () => {
    const driver = await jobDriver(deduped({ withinMs: 10, time: 'processing' }))
    const send = (value: number) => driver.send(numbers, [{ key: 'a', value, timestamp: 0 }])
    await send(1)
    driver.crash()
    await driver.restart()
    await driver.advance(9)
    await send(2)
    expect([...driver.store('seen').entries()]).toHaveLength(1)
    await driver.advance(1)
    expect([...driver.store('seen').entries()]).toEqual([])
    await send(3)
    expect((await driver.output(results)).map(({ value }) => value)).toEqual([1, 3])
    await driver.close()
  })

  test('leaves nothing behind', async () => {
    const driver = await jobDriver(deduped({ idOf: String, withinMs: 10 }))
    for (let n = 0; n < 30; n++) await driver.send(numbers, [{ key: 'a', value: n, timestamp: n * 5 }])
    expect([...driver.store('seen').entries()]).toHaveLength(2)
    await driver.finish()
    expect([...driver.store('seen').entries()]).toEqual([])
    expect([...driver.store('seen-agenda').windows()]).toEqual([])
    await driver.close()
  })

  test('remembers nothing where event time has come to its end', async () => {
    const driver = await jobDriver(deduped({ idOf: String, withinMs: 10 }))
    await driver.finish()
    await driver.restart()
    await driver.send(numbers, [{ key: 'a', value: 1, timestamp: 5 }])
    expect((await driver.output(results)).map(({ value }) => value)).toEqual([1])
    expect([...driver.store('seen').entries()]).toEqual([])
    await driver.close()
  })

  test.each<readonly [string, unknown]>([
    ['withinMs is 0', { withinMs: 0 }],
    ['withinMs is undefined', {}],
    ["time is 'wall'", { withinMs: 1, time: 'wall' }],
    ["there is no option 'within'", { within: 1 }],
  ])('is refused when %s', (message, options) => {
    expect(() => dedup('d', options as DedupOptions<string, number>)).toThrow(InvalidOption)
    expect(() => dedup('d', options as DedupOptions<string, number>)).toThrow(`dedup 'd': ${message}`)
  })
})
