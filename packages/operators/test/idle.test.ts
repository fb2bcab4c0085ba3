import { int32, job, type Job, topic, utf8 } from '@weir/core'
import { and, type JobDriver, jobDriver, on, slow, strike, where } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { assignTimestamps, count, keyBy, recordTimestamps, to, tumbling } from '../src/index.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32 })

const perSecond = (timestamps?: ReturnType<typeof recordTimestamps>, rekeyed = false): Job => {
  const from = timestamps === undefined ? job('j').from(words) : job('j').from(words, timestamps)
  const all = rekeyed ? from.pipe(keyBy(() => 'all')) : from
  return all.pipe(count('c', { window: tumbling(1_000) }), to(counts))
}

const idle = recordTimestamps({ idleAfterMs: 5_000 })

const send = (driver: JobDriver, timestamp: number, partition: number): Promise<unknown> =>
  driver.send(words, [{ key: 'k', value: 'x', timestamp, partition }])

const closed = async (driver: JobDriver): Promise<ReadonlyArray<string>> =>
  (await driver.output(counts)).map(({ key, value, timestamp }) => `${key}@${timestamp}: ${value}`)

describe('a partition that is silent', () => {
  test('holds windows open for as long as it is silent, unless something else is asked for', async () => {
    const driver = await jobDriver(perSecond(undefined, true))
    await send(driver, 100, 0)
    await send(driver, 5_000, 1)
    await driver.advance(3_600_000)
    expect(await closed(driver)).toEqual([])
    await driver.close()
  })

  test('holds the others back no longer once it is idle', async () => {
    const driver = await jobDriver(perSecond(idle, true))
    await send(driver, 100, 0)
    await send(driver, 900, 1)
    await driver.advance(4_000)
    await send(driver, 2_500, 1)
    expect(await closed(driver)).toEqual([])
    await driver.advance(1_000)
    expect(await closed(driver)).toEqual(['all@999: 2'])
    await driver.close()
  })

  test('that never had a record does not hold the others back either', async () => {
    const driver = await jobDriver(perSecond(idle, true))
    await driver.advance(5_000)
    await send(driver, 100, 0)
    await send(driver, 2_000, 0)
    expect(await closed(driver)).toEqual(['all@999: 1'])
    await driver.close()
  })

  test('costs a commit now and then, and not one for each that others make of it', async () => {
    let commits = 0
    const counted = where(({ commit }) => commit?.fence !== undefined && ++commits > 0)
    const driver = await jobDriver(perSecond(idle, true), { faults: [strike(and(on('commit'), counted), slow(1))] })
    await send(driver, 100, 0)
    await driver.advance(5_000)
    commits = 0
    await driver.advance(50_000)
    expect(commits).toBeGreaterThan(0)
    expect(commits).toBeLessThan(100)
    await driver.close()
  })

  test('has its say again when it speaks: what belongs into a window that has closed is late', async () => {
    const driver = await jobDriver(perSecond(idle, true))
    await send(driver, 100, 0)
    await driver.advance(4_900)
    await send(driver, 2_500, 1)
    await driver.advance(100)
    expect(await closed(driver)).toEqual(['all@999: 1'])
    await send(driver, 200, 0)
    await send(driver, 7_000, 1)
    expect(driver.metrics().recordsLate).toBe(1)
    await driver.finish()
    expect(await closed(driver)).toEqual(['all@999: 1', 'all@2999: 1', 'all@7999: 1'])
    await driver.close()
  })
})

describe('when all partitions are silent', () => {
  test('event time goes on with the clock, and the last windows close', async () => {
    const driver = await jobDriver(perSecond(idle))
    await send(driver, 100, 0)
    await driver.advance(4_999)
    expect(await closed(driver)).toEqual([])
    await driver.advance(1)
    expect(await closed(driver)).toEqual(['k@999: 1'])
    await driver.close()
  })

  test('behind a keyBy too, and no window is given twice after a restart', async () => {
    const driver = await jobDriver(perSecond(idle, true))
    await send(driver, 100, 0)
    await send(driver, 400, 1)
    await driver.advance(6_000)
    expect(await closed(driver)).toEqual(['all@999: 2'])
    await driver.restart()
    await send(driver, 300, 0)
    await driver.advance(20_000)
    expect(await closed(driver)).toEqual(['all@999: 2'])
    expect(driver.metrics().recordsLate).toBe(1)
    await driver.close()
  })
})

test.each([0, -1, 0.5, NaN])('an idle time of %d ms is refused', (idleAfterMs) => {
  expect(() => recordTimestamps({ idleAfterMs })).toThrow(`recordTimestamps: idleAfterMs is ${idleAfterMs}`)
  expect(() => assignTimestamps(Number, { idleAfterMs })).toThrow('assignTimestamps: idleAfterMs')
})
