import { CompletableFuture, exponential, handle, int32, InvalidOption, job, noRetry, topic, utf8 } from '@weir/core'
import { type JobDriver, jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { deadLetters, drive, given, orders, results, sendAll, sent } from './support.ts'

const many = topic('many', { key: utf8, value: int32, partitions: 2 })

test('discard takes back a result that is still being made', async () => {
  const making = new CompletableFuture<number>()
  const made: unknown[] = []
  const driver = await drive(
    async (value, { recordAndCheck, discard }) => {
      if (value === 2) return void made.push(await recordAndCheck('price', () => 2))
      const price = recordAndCheck('price', () => making)
      discard()
      making.complete(1)
      await price
    },
    { order: 'partition' },
  )
  await sendAll(driver, [
    ['a', 1],
    ['a', 2],
  ])
  expect(made).toEqual([2])
  await driver.close()
})

describe('once', () => {
  test('is true for one of all attempts with an id, also of those that wait for each other', async () => {
    const gate = new CompletableFuture<void>()
    const driver = await drive(
      async (value, context) => {
        if (!(await context.once('pay'))) return
        await gate
        context.send(results, 'k', value)
      },
      { order: 'none' },
    )
    await sendAll(driver, [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ])
    gate.complete(undefined)
    await driver.settle()
    driver.crash()
    await driver.restart()
    await sendAll(driver, [['d', 4]])
    expect(await sent(driver)).toEqual(['k 1'])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })

  test('does not count for an attempt that fails: the next one that waits is told so', async () => {
    const driver = await drive(
      async (value, context) => {
        const isFirst = await context.once('pay')
        if (value === 1) throw new Error('no')
        context.send(results, String(isFirst), value)
      },
      { order: 'none', retry: noRetry },
    )
    await sendAll(driver, [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ])
    expect(await sent(driver)).toEqual(['true 2', 'false 3'])
    await driver.close()
  })

  test('is true for one of two tasks that race: the other is refused, and told so when it tries again', async () => {
    const gates: Array<CompletableFuture<void>> = []
    const told: string[] = []
    const racing = job('shop')
      .from(many)
      .pipe(
        handle<string, number>(
          async (value, context) => {
            const isFirst = await context.once('same')
            told.push(`${value} ${isFirst}`)
            if (gates.length < 2) {
              const gate = new CompletableFuture<void>()
              gates.push(gate)
              await gate
            }
            if (isFirst) context.send(results, 'k', value)
          },
          { outputs: [results], deadLetter: deadLetters },
        ),
      )
    const driver = await jobDriver(racing, { workers: 2 })
    await driver.send(many, [
      { key: 'a', value: 1, partition: 0 },
      { key: 'b', value: 2, partition: 1 },
    ])
    // both have been told that they are the first
    expect(told.toSorted()).toEqual(['1 true', '2 true'])
    for (const gate of gates) gate.complete(undefined)
    await driver.advance(1_000)
    expect(await sent(driver)).toHaveLength(1)
    expect(told).toHaveLength(3)
    expect(told[2]).toMatch(/false$/)
    await driver.close()
  })

  test('lets an attempt give way when two wait for the ids of each other', async () => {
    const driver = await drive(
      async (value, context) => {
        const [first, second] = value === 1 ? (['x', 'y'] as const) : (['y', 'x'] as const)
        await context.once(first)
        await Promise.resolve()
        await context.once(second)
        context.send(results, 'k', value)
      },
      { order: 'none' },
    )
    await sendAll(driver, [
      ['a', 1],
      ['b', 2],
    ])
    await driver.advance(10_000)
    expect((await sent(driver)).toSorted()).toEqual(['k 1', 'k 2'])
    await driver.close()
  })

  test('refuses an id that is no text', async () => {
    const driver = await drive((_, context) => context.once(''), { retry: noRetry })
    await sendAll(driver, [['a', 1]])
    expect((await given(driver))[0]!['weir.cause']).toMatch(/once: the id is ""/)
    await driver.close()
  })
})

describe('whenVersion', () => {
  test('is true for the version that is next, and moves it on', async () => {
    const driver = await drive(
      async (value, context) => {
        if (await context.whenVersion('account', value)) context.send(results, 'k', value)
      },
      { order: 'none' },
    )
    await sendAll(
      driver,
      [1, 0, 0, 1, 3, 2].map((value) => ['a', value] as const),
    )
    expect(await sent(driver)).toEqual(['k 0', 'k 1', 'k 2'])
    await driver.close()
  })

  test('is true for one of two tasks that race, however often they have before', async () => {
    const gateOfTwo = () => [new CompletableFuture<void>(), new CompletableFuture<void>()] as const
    const gates = Array.from({ length: 4 }, gateOfTwo)
    const racing = job('shop')
      .from(many)
      .pipe(
        handle<string, number>(
          async (value, context) => {
            const isNext = await context.whenVersion('account', value)
            await gates[value]![context.record.partition]!.shield()
            if (isNext) context.send(results, 'k', value)
          },
          { outputs: [results], deadLetter: deadLetters },
        ),
      )
    const driver = await jobDriver(racing, { workers: 2 })
    for (const [version, gate] of gates.entries()) {
      await driver.send(many, [
        { key: 'a', value: version, partition: 0 },
        { key: 'b', value: version, partition: 1 },
      ])
      // both have been told that it is their turn; now the one, now the other is faster
      for (const each of version % 2 === 0 ? gate : gate.toReversed()) {
        each.complete(undefined)
        await driver.settle()
      }
      await driver.advance(1_000)
    }
    expect(await sent(driver)).toEqual(['k 0', 'k 1', 'k 2', 'k 3'])
    await driver.close()
  })

  test('refuses a version that is no whole number', async () => {
    const driver = await drive((_, context) => context.whenVersion('account', -1), { retry: noRetry })
    await sendAll(driver, [['a', 1]])
    expect((await given(driver))[0]!['weir.cause']).toMatch(/whenVersion: version is -1/)
    await driver.close()
  })
})

describe('recordAndCheck', () => {
  test('gives the first result to all, and makes it once', async () => {
    let made = 0
    const driver = await drive(
      async (value, context) => {
        const result = await context.recordAndCheck('price', async () => {
          made++
          return { price: value }
        })
        context.send(results, 'k', result.price)
      },
      { order: 'none' },
    )
    await sendAll(driver, [
      ['a', 7],
      ['b', 8],
    ])
    driver.crash()
    await driver.restart()
    await sendAll(driver, [['c', 9]])
    expect(await sent(driver)).toEqual(['k 7', 'k 7', 'k 7'])
    expect(made).toBe(1)
    await driver.close()
  })

  test('makes it once for two calls of one attempt, and keeps nothing of a making that fails', async () => {
    let made = 0
    const driver = await drive(async (value, context) => {
      const make = (): number => {
        made++
        if (context.attempt === 1) throw new Error('not yet')
        return value
      }
      const [one, two] = await Promise.all([context.recordAndCheck('x', make), context.recordAndCheck('x', make)])
      context.send(results, 'k', one + two)
    })
    await sendAll(driver, [['a', 5]])
    await driver.advance(5_000)
    expect(await sent(driver)).toEqual(['k 10'])
    expect(made).toBe(2)
    await driver.close()
  })
})

test.each([
  ['its run has ended', {}, async (driver: JobDriver) => driver.close(), /cut off: its task has stopped/],
  [
    'it took too long',
    { attemptMsMax: 10 },
    async (driver: JobDriver) => driver.advance(20),
    /cut off: .*attemptMsMax = 10/,
  ],
])(
  'what is asked of an attempt that was cut off is refused with the reason: %s',
  async (_what, options, cutOff, reason) => {
    const late = new CompletableFuture<void>()
    let error: unknown
    const driver = await drive(
      (value, context) => {
        late.thenRun(() => context.send(results, 'k', value)).exceptionally((failure) => (error ??= failure))
        return new CompletableFuture<void>()
      },
      { retry: noRetry, ...options },
    )
    await driver.send(orders, [{ key: 'a', value: 1 }])
    await cutOff(driver)
    late.complete(undefined)
    expect(error).toBeInstanceOf(InvalidOption)
    expect((error as Error).message).toMatch(reason)
    await driver.close()
  },
)

test('what is asked of an attempt that is over is refused with InvalidOption', async () => {
  const errors: unknown[] = []
  const late = new CompletableFuture<void>()
  const driver = await drive((value, context) => {
    late.whenComplete(() => {
      for (const call of [
        () => context.send(results, 'k', value),
        () => context.sendTo('results', { key: null, value: null }),
        () => context.once('x'),
      ]) {
        try {
          call()
        } catch (error) {
          errors.push(error)
        }
      }
    })
  })
  await driver.send(orders, [{ key: 'a', value: 1 }])
  late.complete(undefined)
  await driver.settle()
  expect(errors.map((error) => error instanceof InvalidOption)).toEqual([true, true, true])
  expect(await sent(driver)).toEqual([])
  await driver.close()
})

test('attempts that wait for several ids at once, in a circle, do not wait for each other for ever', async () => {
  const seen: string[] = []
  const gate = new CompletableFuture<void>()
  const driver = await drive(
    async (value, { once }) => {
      if (value === 0) return once('z').thenCompose(() => gate)
      const [own, ...others] = value === 1 ? ['x', 'y', 'z'] : ['y', 'x']
      await once(own)
      await Promise.resolve()
      await Promise.all(others.map((other) => once(other)))
      seen.push(`done ${value}`)
      return undefined
    },
    { order: 'none', retry: exponential({ delayMs: 10, attemptsMax: 3 }) },
  )
  await sendAll(driver, [
    ['a', 0],
    ['b', 1],
    ['c', 2],
  ])
  await driver.advance(100)
  gate.complete(undefined)
  await driver.advance(1_000)
  expect(seen.toSorted()).toEqual(['done 1', 'done 2'])
  await driver.close()
})
