import { CompletableFuture, exponential, noRetry, redrive, UnknownGroup } from '@weir/core'
import { type JobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { deadLetters, drive, openedIn, sendAll } from './support.ts'

const waiting = async (driver: JobDriver): Promise<number> => {
  const counted = driver.weir.group('shop').waiting()
  await driver.settle()
  return counted
}

const lag = async (driver: JobDriver): Promise<number> => {
  const asked = driver.weir.group('shop').lag()
  await driver.settle()
  return (await asked).reduce((sum, each) => sum + each.lag, 0)
}

describe('waiting', () => {
  test('counts the records that wait for another attempt, of which the lag says nothing', async () => {
    let isOpen = false
    const handler = (): void => {
      if (!isOpen) throw new Error('closed')
    }
    const driver = await drive(handler, { retry: exponential({ delayMs: 100, jitter: 0 }) })
    expect(await waiting(driver)).toBe(0)
    await sendAll(
      driver,
      Array.from({ length: 2_500 }, (_, n) => [`k${n}`, n] as const),
    )
    expect(await lag(driver)).toBe(0)
    expect(await waiting(driver)).toBe(2_500)
    isOpen = true
    await driver.advance(100)
    expect(await waiting(driver)).toBe(0)
    await driver.close()
  })

  test('counts those that wait for a permit, once the position is past them', async () => {
    const permits: Array<CompletableFuture<void>> = []
    const limit = { take: () => openedIn(permits) }
    const driver = await drive(() => undefined, { limit, settleWithinMs: 100 })
    await sendAll(driver, [
      ['a', 1],
      ['b', 2],
      ['b', 3],
    ])
    expect([await lag(driver), await waiting(driver)]).toEqual([3, 0])
    await driver.advance(100)
    expect([await lag(driver), await waiting(driver)]).toEqual([0, 3])
    permits[0]!.complete(undefined)
    await driver.settle()
    expect(await waiting(driver)).toBe(2)
    await driver.close()
  })

  test('counts what is held behind a record that was given up, but not that one until it is sent back, nor what was settled ahead', async () => {
    let isMended = false
    const open = new CompletableFuture<void>()
    const handler = (value: number): CompletableFuture<void> | undefined => {
      if (value === 1 && !isMended) throw new Error('no')
      return value === 4 || isMended ? open : undefined
    }
    const driver = await drive(handler, { retry: noRetry, onExhausted: 'hold', settleWithinMs: 10_000 })
    await sendAll(driver, [
      ['a', 1],
      ['a', 2],
      ['a', 3],
      ['b', 4],
      ['c', 5],
    ])
    expect([await lag(driver), await waiting(driver)]).toEqual([2, 2])
    isMended = true
    const sent = redrive(driver.weir, deadLetters)
    await driver.settle()
    expect(await sent).toEqual({ sent: 1, passedOver: 0 })
    await driver.advance(10_000)
    expect([await lag(driver), await waiting(driver)]).toEqual([0, 4])
    open.complete(undefined)
    await driver.settle()
    expect([await lag(driver), await waiting(driver)]).toEqual([0, 0])
    await driver.close()
  })

  test('is refused for a group that nobody has joined', async () => {
    const driver = await drive(() => undefined)
    await expect(driver.weir.group('nobody').waiting()).rejects.toBeInstanceOf(UnknownGroup)
    await driver.close()
  })
})
