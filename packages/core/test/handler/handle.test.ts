import { CompletableFuture, exponential, noRetry, TerminalError } from '@weir/core'
import { and, crashAfter, nth, on, strike, where } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { drive, given, sendAll, sent, results } from './support.ts'

const quick = exponential({ attemptsMax: 3, delayMs: 100, jitter: 0 })

/** Handlers whose records are settled by the test, by value. */
const gates = () => {
  const open = new Map<number, CompletableFuture<void>>()
  const begun: number[] = []
  return {
    begun,
    handler: (value: number) => {
      begun.push(value)
      const future = new CompletableFuture<void>()
      open.set(value, future)
      return future
    },
    done: (value: number) => open.get(value)!.complete(undefined),
    fail: (value: number) => open.get(value)!.completeExceptionally(new Error(`no ${value}`)),
  }
}

describe('a handler', () => {
  test('sends in the commit that settles its record', async () => {
    const driver = await drive((value, context) => context.send(results, context.record.key, value * 2))
    await sendAll(driver, [
      ['a', 1],
      ['b', 2],
    ])
    expect(await sent(driver)).toEqual(['a 2', 'b 4'])
    expect(driver.metrics().lag).toBe(0)
    expect(driver.metrics().commits).toBe(1)
    await driver.close()
  })

  test('works on records of other keys while one waits, and on those of one key in order', async () => {
    const { begun, handler, done } = gates()
    const driver = await drive(handler)
    await sendAll(driver, [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ])
    expect(begun).toEqual([1, 3])
    done(3)
    await sendAll(driver, [['b', 4]])
    expect(begun).toEqual([1, 3, 4])
    done(1)
    expect(begun).toEqual([1, 3, 4, 2])
    await driver.close()
  })

  test('works on one record after the other in the order of the partition, and on all at once without an order', async () => {
    for (const [order, expected] of [
      ['partition', [1]],
      ['none', [1, 2, 3]],
    ] as const) {
      const { begun, handler } = gates()
      const driver = await drive(handler, { order })
      await sendAll(driver, [
        ['a', 1],
        ['a', 2],
        ['b', 3],
      ])
      expect(begun).toEqual(expected)
      await driver.close()
    }
  })

  test.each([
    ['exponential', exponential({ when: () => true })],
    ['of its own', { attemptsMax: 9, delayMs: () => 1, isWorthIt: () => true }],
  ])(
    'gives a record up at once by TerminalError, and goes on with its key; with a retry that is %s',
    async (_, retry) => {
      const attempts: number[] = []
      const closed = new TerminalError('account 7 is closed')
      const handler = (value: number): void => {
        attempts.push(value)
        if (value === 1) throw closed
      }
      const driver = await drive(handler, { retry })
      await sendAll(driver, [
        ['a', 1],
        ['a', 2],
      ])
      expect(attempts).toEqual([1, 2])
      expect(await given(driver)).toMatchObject([
        { 'weir.cause': 'TerminalError: account 7 is closed', 'weir.attempts': '1' },
      ])
      await driver.close()
    },
  )

  test('takes no more than concurrencyMax at once', async () => {
    const { begun, handler, done } = gates()
    const driver = await drive(handler, { order: 'none', concurrencyMax: 2 })
    await sendAll(
      driver,
      [1, 2, 3].map((n) => ['a', n] as const),
    )
    expect(begun).toEqual([1, 2])
    done(2)
    expect(begun).toEqual([1, 2, 3])
    await driver.close()
  })

  test('that fails is tried again with backoff, while its key waits in order and others go on', async () => {
    const log: string[] = []
    const driver = await drive(
      (value, context) => {
        log.push(`${value}#${context.attempt}@${driver0.now()}`)
        if (value === 1 && context.attempt < 3) throw new Error('not yet')
        context.send(results, context.record.key, value)
      },
      { retry: quick },
    )
    const driver0 = driver.clock
    await sendAll(driver, [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ])
    await driver.advance(1_000)
    expect(log).toEqual(['1#1@0', '3#1@0', '1#2@100', '1#3@300', '2#1@300'])
    expect(await sent(driver)).toEqual(['b 3', 'a 1', 'a 2'])
    await driver.close()
  })

  test('that fails every time leaves the record as it is in the dead-letter topic, and its key goes on', async () => {
    const driver = await drive(
      (value, context) => {
        if (value === 1) throw new TypeError('never')
        context.send(results, context.record.key, value)
      },
      { retry: quick },
    )
    await sendAll(driver, [
      ['a', 1],
      ['a', 2],
    ])
    await driver.advance(1_000)
    expect(await sent(driver)).toEqual(['a 2'])
    expect(await given(driver)).toEqual([
      {
        'weir.topic': 'orders',
        'weir.partition': '0',
        'weir.offset': '0',
        'weir.group': 'shop',
        'weir.cause': 'TypeError: never',
        'weir.attempts': '3',
      },
    ])
    expect([...driver.store('handler-pending').entries()]).toEqual([])
    await driver.close()
  })

  test('keeps attempts and order over a crash', async () => {
    const log: string[] = []
    const driver = await drive(
      (value, context) => {
        log.push(`${value}#${context.attempt}`)
        if (value === 1 && context.attempt < 3) throw new Error('not yet')
        context.send(results, context.record.key, value)
      },
      { retry: quick },
    )
    await sendAll(driver, [
      ['a', 1],
      ['a', 2],
    ])
    driver.crash()
    await driver.restart()
    expect(log).toEqual(['1#1'])
    await driver.advance(100)
    driver.crash()
    await driver.restart()
    await driver.advance(500)
    expect(log).toEqual(['1#1', '1#2', '1#3', '2#1'])
    expect(await sent(driver)).toEqual(['a 1', 'a 2'])
    await driver.close()
  })

  test('that is stuck becomes a hole which is kept: the position moves on, and its result counts later', async () => {
    const { begun, handler, done } = gates()
    const driver = await drive(
      (value, context) => handler(value).thenApply(() => context.send(results, context.record.key, value)),
      { settleWithinMs: 500 },
    )
    await sendAll(driver, [
      ['a', 1],
      ['b', 2],
    ])
    done(2)
    await driver.settle()
    expect(await sent(driver)).toEqual(['b 2'])
    expect(driver.metrics().lag).toBe(2)
    await driver.advance(500)
    expect(driver.metrics().lag).toBe(0)
    done(1)
    await driver.settle()
    expect(await sent(driver)).toEqual(['b 2', 'a 1'])
    expect([...driver.store('handler-pending').entries()]).toEqual([])
    expect(begun).toEqual([1, 2])
    await driver.close()
  })

  test('that is stuck is kept before its time when ten times pendingCountMax were read behind it', async () => {
    const stuck = new CompletableFuture<void>()
    const driver = await drive((value) => (value === 0 ? stuck : undefined), {
      order: 'none',
      pendingCountMax: 2,
      settleWithinMs: 60_000,
    })
    for (let value = 0; value < 20; value++) await sendAll(driver, [['a', value]])
    expect(driver.metrics().lag).toBe(20)
    await sendAll(driver, [['a', 20]])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })

  test('does not run again what was settled behind a record that was not, after a crash', async () => {
    const { begun, handler, done } = gates()
    const driver = await drive((value, context) =>
      handler(value).thenApply(() => context.send(results, context.record.key, value)),
    )
    await sendAll(driver, [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ])
    done(2)
    await driver.settle()
    driver.crash()
    await driver.restart()
    expect(begun).toEqual([1, 2, 3, 1, 3])
    done(1)
    done(3)
    await driver.settle()
    expect(await sent(driver)).toEqual(['b 2', 'a 1', 'c 3'])
    expect([...driver.store('handler-pending').entries()]).toEqual([])
    await driver.close()
  })

  test('remembers what was settled out of order until all before it is read again, also when that takes several crashes', async () => {
    const { begun, handler, done } = gates()
    let isFirstRun = true
    const faults = [
      strike(
        and(
          on('commit'),
          where(({ commit }) => commit!.append.length > 0),
          nth(2),
        ),
        crashAfter,
      ),
    ]
    const driver = await drive(
      (value, context) => {
        const settled = handler(value)
        if (!isFirstRun) settled.complete(undefined)
        return settled.thenApply(() => context.send(results, context.record.key, value))
      },
      { order: 'none' },
      { run: { batchRecordsMax: 1 }, faults },
    )
    for (const value of [1, 2, 3, 4]) await sendAll(driver, [['a', value]])
    done(3)
    done(4)
    await driver.settle()
    expect(await sent(driver)).toEqual(['a 3', 'a 4'])
    isFirstRun = false
    driver.crash()
    await driver.restart()
    expect(driver.isRunning).toBe(false)
    await driver.restart()
    expect(begun.filter((value) => value >= 3)).toEqual([3, 4])
    expect(await sent(driver)).toEqual(['a 3', 'a 4', 'a 1', 'a 2'])
    expect([...driver.store('handler-pending').entries()]).toEqual([])
    await driver.close()
  })

  test('holds the partition back when too much is pending', async () => {
    const { begun, handler, done } = gates()
    const driver = await drive(handler, { order: 'none', pendingCountMax: 2, settleWithinMs: 10 })
    for (let n = 1; n <= 4; n++) await sendAll(driver, [['a', n]])
    await driver.advance(1_000)
    expect(begun).toEqual([1, 2])
    done(1)
    await driver.settle()
    expect(begun).toEqual([1, 2, 3])
    await driver.close()
  })

  test('that holds what is exhausted leaves its key waiting, over a restart too', async () => {
    const log: number[] = []
    const driver = await drive(
      (value) => {
        log.push(value)
        if (value === 1) throw new Error('never')
      },
      { retry: noRetry, onExhausted: 'hold', settleWithinMs: 10 },
    )
    await sendAll(driver, [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ])
    await driver.advance(100)
    expect(driver.metrics().lag).toBe(0)
    driver.crash()
    await driver.restart()
    await driver.advance(100_000)
    expect(log).toEqual([1, 3])
    expect(await given(driver)).toHaveLength(1)
    await driver.close()
  })
})
