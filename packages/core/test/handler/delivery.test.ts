import { crashAfter, crashBefore, type Fault, nth, and, on, strike, where } from '@weir/testing'
import { CompletableFuture, exponential, noRetry } from '@weir/core'
import { describe, expect, test } from 'vitest'
import { drive, given, openedIn, results, sendAll, sent } from './support.ts'

const records = [
  ['a', 1],
  ['b', 2],
] as const

/** Strikes the first commit that moves the position, or that sends. */
const atFirst = (what: 'position' | 'send', fault: Fault) => [
  strike(
    and(
      on('commit'),
      where(({ commit }) =>
        what === 'send' ? commit!.append.length > 0 : commit!.positions.some(({ from, next }) => next > from),
      ),
      nth(1),
    ),
    fault,
  ),
]

/** Handles each record, and says how often each was begun. */
const counted = () => {
  const begun: number[] = []
  return { begun, times: (value: number) => begun.filter((each) => each === value).length }
}

describe('at-most-once', () => {
  test('has the position on disk before the handler begins, so a crash loses what had not begun', async () => {
    const { begun } = counted()
    const driver = await drive(
      (value) => void begun.push(value),
      { delivery: 'at-most-once' },
      { faults: atFirst('position', crashAfter) },
    )
    await sendAll(driver, records).catch(() => undefined)
    await driver.restart()
    expect(begun).toEqual([])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })

  test('begins nothing when the position did not get there, and begins it once the next time', async () => {
    const { begun } = counted()
    const driver = await drive(
      (value) => void begun.push(value),
      { delivery: 'at-most-once' },
      { faults: atFirst('position', crashBefore) },
    )
    await sendAll(driver, records).catch(() => undefined)
    expect(begun).toEqual([])
    await driver.restart()
    expect(begun).toEqual([1, 2])
    await driver.close()
  })

  test('tries nothing again: what fails is a dead letter', async () => {
    const { begun } = counted()
    const driver = await drive(
      (value) => {
        begun.push(value)
        throw new Error('no')
      },
      { delivery: 'at-most-once' },
    )
    await sendAll(driver, records)
    await driver.advance(100_000)
    expect(begun).toEqual([1, 2])
    expect((await given(driver)).map((headers) => headers['weir.attempts'])).toEqual(['1', '1'])
    await driver.close()
  })

  test('begins nothing twice that had become a row while it waited', async () => {
    const { begun } = counted()
    const driver = await drive(
      (value) => {
        begun.push(value)
        return new CompletableFuture<void>()
      },
      { delivery: 'at-most-once', order: 'none', concurrencyMax: 1, settleWithinMs: 10 },
    )
    await sendAll(driver, records)
    await driver.advance(100)
    driver.crash()
    await driver.restart()
    await driver.advance(100)
    driver.crash()
    await driver.restart()
    expect(begun).toEqual([1, 2])
    await driver.close()
  })

  test('loses no more than what is under way, also of what was read long before', async () => {
    const { begun } = counted()
    const driver = await drive(
      (value) => {
        begun.push(value)
        return new CompletableFuture<void>()
      },
      { delivery: 'at-most-once', concurrencyMax: 2, order: 'none' },
    )
    await sendAll(
      driver,
      [1, 2, 3, 4].map((value) => ['a', value] as const),
    )
    expect(begun).toEqual([1, 2])
    driver.crash()
    await driver.restart()
    expect(begun).toEqual([1, 2, 3, 4])
    await driver.close()
  })
})

describe('a member that leaves', () => {
  test('lets what is under way end and be committed, and begins nothing new', async () => {
    const open: Array<CompletableFuture<void>> = []
    const driver = await drive(
      (value, context) => openedIn(open).thenApply(() => context.send(results, 'k', value)),
      { order: 'none', concurrencyMax: 1 },
      { run: { drainWithinMs: 1_000 } },
    )
    await sendAll(driver, records)
    const closed = driver.restart()
    open[0]!.complete(undefined)
    await closed
    expect(open).toHaveLength(2)
    expect(await sent(driver)).toEqual(['k 1'])
    expect(driver.clock.monotonic()).toBe(0)
    driver.crash()
    await driver.close()
  })

  test('leaves attempts that fall due meanwhile to the next one, and waits for nothing but what is under way', async () => {
    const begun: string[] = []
    const driver = await drive(
      (value, { attempt }) => {
        begun.push(`${value}#${attempt}`)
        if (value === 1 && attempt === 1) throw new Error('not yet')
        return value === 1 ? undefined : new CompletableFuture<void>()
      },
      { retry: exponential({ delayMs: 100, jitter: 0 }) },
      { run: { drainWithinMs: 1_000 } },
    )
    await sendAll(driver, records)
    await driver.restart()
    expect(driver.clock.monotonic()).toBe(1_000)
    expect(begun).toEqual(['1#1', '2#1', '1#2', '2#1'])
    driver.crash()
    await driver.close()
  })
})

describe('at-least-once', () => {
  test('appends what is sent at once, and again with another attempt', async () => {
    const open: Array<CompletableFuture<void>> = []
    const driver = await drive(
      (value, context) => {
        context.send(results, 'k', value * 10 + context.attempt)
        return openedIn(open)
      },
      { delivery: 'at-least-once', order: 'partition' },
    )
    await sendAll(driver, [['a', 1]])
    expect(await sent(driver)).toEqual(['k 11'])
    expect(driver.metrics().lag).toBe(1)
    driver.crash()
    await driver.restart()
    expect(await sent(driver)).toEqual(['k 11', 'k 11'])
    open.at(-1)!.completeExceptionally(new Error('no'))
    await driver.advance(2_000)
    open.at(-1)!.complete(undefined)
    await driver.settle()
    expect(await sent(driver)).toEqual(['k 11', 'k 11', 'k 12'])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })

  test('loses nothing when the commit of the position is lost', async () => {
    const { begun, times } = counted()
    const driver = await drive(
      (value) => void begun.push(value),
      { delivery: 'at-least-once' },
      { faults: atFirst('position', crashBefore) },
    )
    await sendAll(driver, records).catch(() => undefined)
    await driver.restart()
    expect([times(1), times(2)]).toEqual([2, 2])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })
})

describe('exactly-once', () => {
  test.each([
    ['before', crashBefore],
    ['after', crashAfter],
  ])('has what is sent in the commit of its record: a crash %s it repeats the handler at most', async (_, fault) => {
    const driver = await drive(
      (value, context) => context.send(results, 'k', value),
      {},
      { faults: atFirst('send', fault) },
    )
    await sendAll(driver, records).catch(() => undefined)
    await driver.restart()
    expect(await sent(driver)).toEqual(['k 1', 'k 2'])
    await driver.close()
  })

  test('sends nothing of an attempt that fails', async () => {
    const driver = await drive(
      (value, context) => {
        context.send(results, 'k', value)
        throw new Error('no')
      },
      { retry: noRetry },
    )
    await sendAll(driver, records)
    expect(await sent(driver)).toEqual([])
    expect(await given(driver)).toHaveLength(2)
    await driver.close()
  })
})
