import { job } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { count, hopping, session, sliding, tumbling, type Windows } from '../src/index.ts'
import { numbers } from './support/through.ts'
import { seen, toWindows } from './support/windowed.ts'

const time = 'processing'
const counted = (window: Windows) => toWindows(job('j').from(numbers).pipe(count('c', { window })))
/** Long ago, by its timestamp. */
const old = { key: 'a', value: 1, timestamp: -1_000_000 }

const kinds: ReadonlyArray<readonly [Windows, ReadonlyArray<string>]> = [
  [tumbling(10, { time }), ['a [0, 10): 2', 'a [10, 20): 1']],
  [hopping(10, { advanceMs: 5, time }), ['a [-5, 5): 2', 'a [0, 10): 2', 'a [5, 15): 1', 'a [10, 20): 1']],
  [sliding(10, { time }), ['a [-8, 3): 1', 'a [-6, 5): 2', 'a [2, 13): 3', 'a [3, 14): 2', 'a [5, 16): 1']],
  [session(7, { time }), ['a [2, 5): 2', 'a [12, 13): 1']],
]

describe.each(kinds)('windows of processing time: %o', (window, expected) => {
  test.each([false, true])(
    'take records as they are processed, and close by the clock alone; with crashes: %s',
    async (crashes) => {
      const driver = await jobDriver(counted(window))
      const restart = async (): Promise<void> => {
        if (!crashes) return
        driver.crash()
        await driver.restart()
      }
      await driver.advance(2)
      await driver.send(numbers, [old])
      await restart()
      await driver.advance(2)
      await driver.send(numbers, [old])
      await restart()
      await driver.advance(8)
      await driver.send(numbers, [old])
      await restart()
      // nothing more is sent
      await driver.advance(100)
      expect(await seen(driver)).toEqual(expected)
      expect(driver.metrics().recordsLate).toBe(0)
      await driver.close()
    },
  )

  test('are all closed by a run to the end', async () => {
    const driver = await jobDriver(counted(window))
    await driver.send(numbers, [old])
    await driver.finish()
    expect((await seen(driver)).length).toBeGreaterThan(0)
    expect([
      ...driver.store(window.kind === 'tumbling' || window.kind === 'hopping' ? 'c' : 'c-agenda').windows(),
    ]).toEqual([])
    await driver.close()
  })
})

test('sliding windows close as they are due, also when a task starts anew and the clock was set back', async () => {
  const driver = await jobDriver(counted(sliding(100, { time })))
  for (const pauseMs of [10, 20, 10]) {
    await driver.advance(pauseMs)
    await driver.send(numbers, [old])
  }
  await driver.advance(1)
  const before = ['a [-90, 11): 1', 'a [-70, 31): 2', 'a [-60, 41): 3']
  expect(await seen(driver)).toEqual(before)
  driver.crash()
  driver.clock.setWallClock(20)
  await driver.restart()
  await driver.send(numbers, [old])
  await driver.advance(1)
  expect(await seen(driver)).toEqual([...before, 'a [-80, 21): 2'])
  await driver.finish()
  expect((await seen(driver)).slice(before.length + 1)).toEqual(['a [11, 112): 3', 'a [21, 122): 2', 'a [31, 132): 1'])
  await driver.close()
})

test('a clock that is set back opens no window again', async () => {
  const driver = await jobDriver(counted(tumbling(10, { time })))
  await driver.advance(25)
  await driver.send(numbers, [old])
  driver.clock.setWallClock(3)
  await driver.send(numbers, [old])
  await driver.finish()
  expect(await seen(driver)).toEqual(['a [20, 30): 2'])
  await driver.close()
})
