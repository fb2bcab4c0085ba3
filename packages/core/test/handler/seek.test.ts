import { CompletableFuture, type StartPosition } from '@weir/core'
import type { JobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { drive, results, sendAll } from './support.ts'

const seek = async (driver: JobDriver, to: StartPosition): Promise<void> => {
  const sought = driver.weir.group('shop').seek('orders', to)
  await driver.settle()
  await sought
  await driver.advance(200)
}

describe('a seek of a group with a handler', () => {
  test('back brings all records again, also while later ones were done before an earlier one', async () => {
    const seen: number[] = []
    const stuck = new CompletableFuture<void>()
    const driver = await drive(
      (value, context) => {
        seen.push(value)
        context.send(results, 'r', value)
        return value === 3 ? stuck.shield() : undefined
      },
      { order: 'none' },
    )
    for (const value of [1, 2, 3, 4]) await sendAll(driver, [['a', value]])
    expect(seen).toEqual([1, 2, 3, 4])
    await seek(driver, 'earliest')
    expect(seen.slice(4)).toEqual([1, 2, 3, 4])
    stuck.complete(undefined)
    await driver.settle()
    expect(driver.metrics().lag).toBe(0)
    expect([...driver.store('handler-pending').entries()]).toEqual([])
    await driver.close()
  })

  test('forth passes over what was not done', async () => {
    const seen: number[] = []
    const driver = await drive(
      (value, context) => {
        seen.push(value)
        context.send(results, 'r', value)
        return value === 2 ? new CompletableFuture<void>() : undefined
      },
      { order: 'none' },
    )
    for (const value of [1, 2, 3]) await sendAll(driver, [['a', value]])
    await seek(driver, 'latest')
    await sendAll(driver, [['a', 5]])
    expect(seen).toEqual([1, 2, 3, 5])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })
})
