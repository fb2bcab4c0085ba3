import { int32, job, pair, utf8 } from '@weir/core'
import { type JobDriver, jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { listState, mapState, process, to, valueState } from '../src/index.ts'
import { numbers, texts } from './support/through.ts'

/** `put`s a positive number into all states, and tells of them what there is; a 0 only looks, -1 clears. */
const kept = job('kept')
  .from(numbers)
  .pipe(
    process('kept', {
      state: {
        value: valueState(int32, { ttlMs: 1_000 }),
        map: mapState(utf8, int32, { ttlMs: 1_000 }),
        list: listState(int32, { ttlMs: 1_000 }),
        always: valueState(int32),
      },
      emits: utf8,
      onRecord: ({ value }, { state: { value: one, map, list, always }, emit }) => {
        if (value > 0) {
          one.put(value)
          map.put(`k${value}`, value)
          list.add(value)
          always.put(value)
        } else if (value < 0) {
          one.clear()
          map.clear()
          list.clear()
        }
        const entries = [...map.entries()].map(([subkey]) => `${subkey}${map.has(subkey) ? '' : '?'}`)
        const empty = `${map.isEmpty() ? 'm' : ''}${list.isEmpty() ? 'l' : ''}`
        emit([one.get(), entries.join(), [...list.values()].join(), always.get(), empty].join(' '))
      },
    }),
    to(texts),
  )

const states = ['value', 'map', 'list', 'expirations'] as const

/** How many rows each store has. */
const rowsOf = (driver: JobDriver): ReadonlyArray<number> =>
  states.map((name) => {
    const of = `kept-${name}`
    if (name === 'value') return [...driver.store(of).entries()].length
    if (name === 'expirations') return [...driver.store(of).windows()].length
    return [...driver.weir.mapStore(driver.job, of).entries()].length
  })

const say = async (driver: JobDriver, value: number, key = 'a'): Promise<string> => {
  await driver.send(numbers, [{ key, value }])
  return (await driver.output(texts)).at(-1)!.value
}

describe('state with a time to live', () => {
  test('is not given any more when it has not been written for so long, each part of it by itself', async () => {
    const driver = await jobDriver(kept)
    expect(await say(driver, 1)).toBe('1 k1 1 1 ')
    await driver.advance(600)
    expect(await say(driver, 2)).toBe('2 k1,k2 1,2 2 ')
    await driver.advance(399)
    expect(await say(driver, 0)).toBe('2 k1,k2 1,2 2 ')
    await driver.advance(1)
    expect(await say(driver, 0)).toBe('2 k2 2 2 ')
    await driver.advance(600)
    expect(await say(driver, 0)).toBe('   2 ml')
    await driver.close()
  })

  test('lives on from each time that it is written', async () => {
    const driver = await jobDriver(kept)
    for (let n = 0; n < 5; n++) {
      expect(await say(driver, 1)).toMatch(/^1 k1 /)
      await driver.advance(900)
    }
    expect(await say(driver, 0)).toBe('1 k1 1 1 ')
    await driver.advance(100)
    expect(await say(driver, 0)).toBe('   1 ml')
    await driver.close()
  })

  test('is removed from the storage, with nothing left of it, also when the job was down meanwhile', async () => {
    const driver = await jobDriver(kept)
    await say(driver, 1, 'a')
    await say(driver, 2, 'b')
    expect(rowsOf(driver)).toEqual([2, 2, 2, 6])
    await driver.advance(500)
    await say(driver, 3, 'b')
    expect(rowsOf(driver)).toEqual([2, 3, 3, 8])
    await driver.advance(500)
    expect(rowsOf(driver)).toEqual([1, 1, 1, 3])
    driver.crash()
    await driver.advance(5_000)
    expect(rowsOf(driver)).toEqual([1, 1, 1, 3])
    await driver.restart()
    expect(rowsOf(driver)).toEqual([0, 0, 0, 0])
    expect(await say(driver, 0, 'b')).toBe('   3 ml')
    await driver.close()
  })

  test('begins anew when it was cleared, or written after its time', async () => {
    const driver = await jobDriver(kept)
    await say(driver, 1)
    await driver.advance(500)
    expect(await say(driver, -1)).toBe('   1 ml')
    expect(await say(driver, 1)).toBe('1 k1 1 1 ')
    await driver.advance(999)
    expect(await say(driver, 0)).toBe('1 k1 1 1 ')
    await driver.advance(1)
    expect(rowsOf(driver)).toEqual([0, 0, 0, 0])
    await driver.close()
  })

  test('is removed a bounded number at a time', async () => {
    const driver = await jobDriver(kept)
    await driver.send(
      numbers,
      Array.from({ length: 2_000 }, (_, n) => ({ key: `k${n}`, value: 1 })),
    )
    const before = driver.metrics().commits
    await driver.advance(1_000)
    expect(driver.metrics().commits - before).toBeGreaterThanOrEqual(5)
    expect(rowsOf(driver)).toEqual([0, 0, 0, 0])
    await driver.close()
  })

  test('is kept with the time at which it was written, so a store without it is another one', async () => {
    const driver = await jobDriver(kept)
    await say(driver, 1)
    expect(driver.store('kept-value').get('a')).toEqual([0, 1])
    expect(valueState(int32, { ttlMs: 1 }).storeOf('s').value.name).toBe(
      pair(int32, int32).name.replace('int32', 'int'),
    )
    await driver.close()
  })
})

describe('map and list state', () => {
  test('are walked through in order, from both ends, in parts, and may be changed meanwhile', async () => {
    const walked = job('walked')
      .from(numbers)
      .pipe(
        process('walked', {
          state: { map: mapState(int32, utf8), list: listState(utf8) },
          emits: utf8,
          onRecord: ({ value }, { state: { map, list }, emit }) => {
            for (const at of [3, 1, 2, value]) map.put(at, `v${at}`)
            map.delete(7)
            emit([...map.entries({ from: 2, limit: 2 })].map(([, of]) => of).join())
            emit([...map.entries({ to: 3, reverse: true })].map(([, of]) => of).join())
            for (const [at] of map.entries()) map.delete(at + 1)
            emit([...map.entries()].map(([at]) => at).join())
            expect([map.get(1), map.get(2), map.has(1), map.isEmpty()]).toEqual(['v1', undefined, true, false])
            expect([...map.entries({ limit: 0 })]).toEqual([])
            for (const of of ['x', 'y', 'z']) list.add(of)
            emit(`${list.shift()}${[...list.values({ reverse: true })].join('')}`)
            list.clear()
            expect([list.isEmpty(), list.shift()]).toEqual([true, undefined])
          },
        }),
        to(texts),
      )
    const driver = await jobDriver(walked)
    await driver.send(numbers, [{ key: 'a', value: 9 }])
    expect((await driver.output(texts)).map(({ value }) => value)).toEqual(['v2,v3', 'v2,v1', '1,3,9', 'xzy'])
    await driver.close()
  })
})
