import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import {
  bytes,
  commitOf,
  CompletableFuture,
  exponential,
  handle,
  int32,
  job,
  noRetry,
  nullable,
  OperatorFailed,
  reservedHeaders,
  topic,
  utf8,
} from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { RecordBatchBuilder } from '../../src/model/RecordBatchBuilder.ts'
import { drive, given, openedIn, orders, results, sendAll, sent } from './support.ts'

const one = [['a', 1]] as const

describe('a handler that', () => {
  test.each([
    ['returns nothing', () => undefined],
    ['returns something that is no promise', () => ({ then: 'soon' })],
    ['returns a future', () => CompletableFuture.completed(1)],
    ['returns a promise', () => Promise.resolve()],
    [
      'settles twice: the first outcome counts',
      () => ({
        then: (done: (value: unknown) => void, failed: (error: unknown) => void) => {
          done(1)
          failed(new Error('too late'))
          done(2)
        },
      }),
    ],
  ])('%s has handled its record', async (_, handler) => {
    const driver = await drive(handler)
    await sendAll(driver, one)
    expect(driver.metrics().lag).toBe(0)
    expect(await given(driver)).toEqual([])
    await driver.close()
  })

  test.each([
    [
      'throws an error',
      () => {
        throw new RangeError('no')
      },
      'RangeError: no',
    ],
    [
      'throws what is no error',
      () => {
        throw 'plain'
      },
      'plain',
    ], // oxlint-disable-line no-throw-literal
    [
      'throws nothing',
      () => {
        throw undefined
      },
      'Error: ',
    ], // oxlint-disable-line no-throw-literal
    [
      'throws what has no text',
      () => {
        throw Object.create(null)
      },
      'an object that has no text',
    ],
    ['returns a promise that fails', () => Promise.reject(new Error('later')), 'Error: later'],
    [
      'settles twice, at first badly',
      () => ({
        then: (done: (value: unknown) => void, failed: (error: unknown) => void) => {
          failed('first')
          done(1)
        },
      }),
      'first',
    ],
    [
      'sends what cannot be encoded',
      (_: number, context: { send: (...args: never[]) => void }) =>
        context.send(results as never, 'k' as never, 'text' as never),
      'EncodeFailed',
    ],
    [
      'sends to a topic that is not there',
      (_: number, context: { sendTo: (...args: never[]) => void }) =>
        context.sendTo('nowhere' as never, { key: null, value: null } as never),
      'UnknownTopic',
    ],
    [
      'sends to a partition that is not there',
      (_: number, context: { send: (...args: never[]) => void }) =>
        context.send(results as never, 'k' as never, 1 as never, { partition: 3 } as never),
      'InvalidOption',
    ],
  ] as ReadonlyArray<readonly [string, (value: number, context: never) => unknown, string]>)(
    '%s fails, with its cause in the dead letter',
    async (_, handler, cause) => {
      const driver = await drive(handler as never, { retry: noRetry })
      await sendAll(driver, one)
      expect((await given(driver))[0]!['weir.cause']).toContain(cause)
      expect(driver.isRunning).toBe(true)
      await driver.close()
    },
  )

  test('never settles takes a place of its own, while others go on, and begins anew after a restart', async () => {
    const begun: string[] = []
    const driver = await drive(
      (value, { attempt }) => {
        begun.push(`${value}#${attempt}`)
        return value === 1 ? new CompletableFuture<void>() : undefined
      },
      { concurrencyMax: 2 },
    )
    await sendAll(driver, [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ])
    await driver.advance(2_000)
    expect(driver.metrics().lag).toBe(0)
    await driver.restart()
    expect(begun).toEqual(['1#1', '2#1', '3#1', '1#1'])
    await driver.close()
  })

  test('takes longer than attemptMsMax fails with TimedOut, is told so, and is tried again', async () => {
    const told: string[] = []
    const driver = await drive(
      (value, context) => {
        if (context.attempt === 2) return context.send(results, 'k', value)
        context.cancelled.whenComplete(() => told.push('cancelled'))
        return CompletableFuture.cancellable<void>(() => () => told.push('stopped'))
      },
      { attemptMsMax: 100, retry: exponential({ delayMs: 10, jitter: 0 }) },
    )
    await sendAll(driver, one)
    await driver.advance(99)
    expect(told).toEqual([])
    await driver.advance(20)
    expect(told).toEqual(['cancelled', 'stopped'])
    expect(await sent(driver)).toEqual(['k 1'])
    await driver.close()
  })

  test('is under way when the run stops is told so', async () => {
    const told: string[] = []
    const driver = await drive((_, context) => {
      context.cancelled.whenComplete(() => told.push('cancelled'))
      return CompletableFuture.cancellable<void>(() => () => told.push('stopped'))
    })
    await sendAll(driver, one)
    await driver.close()
    expect(told.toSorted()).toEqual(['cancelled', 'stopped'])
  })

  test('gives a record up ends the run when there is no topic for it, again after each restart, and loses nothing', async () => {
    const lost = job('shop')
      .from(orders)
      .pipe(
        handle<string, number>(
          () => {
            throw new Error('no')
          },
          { retry: noRetry },
        ),
      )
    const driver = await jobDriver(lost)
    for (let time = 0; time < 2; time++) {
      const failure = await (time === 0 ? driver.send(orders, [{ key: 'a', value: 1 }]) : driver.restart()).catch(
        (error: unknown) => error,
      )
      expect(failure).toBeInstanceOf(OperatorFailed)
      expect((failure as Error).message).toMatch(/gave up the record at offset 0 of 'orders'.*no deadLetter/)
    }
    await driver.close()
  })
})

test.each([
  ['when', { when: () => fails() }],
  ['random', { random: { next: () => fails() } }],
])('a retry whose %s throws ends the run, which says so', async (_, options) => {
  const driver = await drive(() => Promise.reject(new Error('no')), { retry: exponential(options) })
  const failure = await sendAll(driver, one).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(OperatorFailed)
  expect((failure as Error).message).toBe(
    `job 'shop': the handler's retry threw on the record at offset 0 of 'orders', partition 0, after 1 attempts. It said: Error: itself`,
  )
  await driver.close()
})

const fails = (): never => {
  throw new Error('itself')
}

describe('records', () => {
  const expiring = (atMs: number) => ({ [reservedHeaders.expiresAt]: String(atMs) })

  test('that are too old are skipped, also when they grow old while they wait, and kept where that is asked for', async () => {
    const seen: number[] = []
    const expired = topic('expired', { key: utf8, value: int32 })
    const gate = new CompletableFuture<void>()
    const driver = await drive(
      (value) => {
        seen.push(value)
        return value === 1 ? gate : undefined
      },
      { expired },
    )
    await driver.advance(100)
    await driver.send(orders, [
      { key: 'a', value: 1, headers: expiring(101) },
      { key: 'a', value: 2, headers: expiring(200) },
      { key: 'a', value: 3, headers: expiring(201) },
      { key: 'b', value: 4, headers: expiring(100) },
      { key: 'b', value: 5, headers: { [reservedHeaders.expiresAt]: 'never' } },
    ])
    await driver.advance(100)
    gate.complete(undefined)
    await driver.settle()
    expect(seen).toEqual([1, 5, 3])
    const kept = await driver.output(expired)
    expect(kept.map(({ value, headers }) => [value, headers['weir.offset']])).toEqual([
      [4, '3'],
      [2, '1'],
    ])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })

  test('of a larger priority go first', async () => {
    const seen: number[] = []
    const driver = await drive((value) => void seen.push(value), {
      order: 'none',
      concurrencyMax: 1,
      priorityOf: ({ value }) => value % 3,
    })
    await sendAll(
      driver,
      [1, 2, 3, 4, 5].map((value) => ['a', value] as const),
    )
    expect(seen).toEqual([2, 5, 1, 4, 3])
    await driver.close()
  })

  test('are dropped while the partition is too far behind, but for a sample', async () => {
    const seen: number[] = []
    const driver = await drive((value) => void seen.push(value), { shed: { lagMax: 3, keepEvery: 4 } })
    await sendAll(
      driver,
      Array.from({ length: 12 }, (_, value) => ['a', value] as const),
    )
    expect(seen).toEqual([0, 4, 8, 9, 10, 11])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })

  test('wait for the limit before each attempt, by its key, and fail when it refuses', async () => {
    const permits: Array<CompletableFuture<void>> = []
    const keys: Array<string | undefined> = []
    const seen: number[] = []
    const driver = await drive((value) => void seen.push(value), {
      order: 'none',
      limit: {
        take: (key) => {
          keys.push(key)
          return openedIn(permits)
        },
      },
      limitKeyOf: ({ key }) => key,
      retry: noRetry,
    })
    await sendAll(driver, [
      ['a', 1],
      ['b', 2],
    ])
    expect(keys).toEqual(['a', 'b'])
    expect(seen).toEqual([])
    permits[1]!.complete(undefined)
    permits[0]!.completeExceptionally(new Error('too many'))
    await driver.settle()
    expect(seen).toEqual([2])
    expect((await given(driver))[0]!['weir.cause']).toBe('Error: too many')
    await driver.close()
  })

  test('that cannot be decoded are set aside once, also while the position waits before them', async () => {
    const open: Array<CompletableFuture<void>> = []
    const driver = await drive(() => openedIn(open), {}, { badRecords: 'set-aside' })
    await sendAll(driver, one)
    const builder = new RecordBatchBuilder()
    builder.add('b', 'no int32', 0, null, null, -Infinity)
    const { firstPartition } = driver.weir.topics().find(({ name }) => name === 'orders')!
    const appended = driver.weir.storage.commit(
      commitOf({ append: [{ partition: firstPartition, batch: builder.build() }] }),
    )
    await driver.settle()
    await appended
    driver.crash()
    await driver.restart()
    open.at(-1)!.complete(undefined)
    await driver.settle()
    const bad = topic('shop-bad-records', { key: nullable(bytes), value: nullable(bytes) })
    expect(await driver.output(bad)).toHaveLength(1)
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })
})

test('who asks only after the attempt was cut off is told that it is cancelled', async () => {
  const gate = new CompletableFuture<void>()
  let isCancelled: boolean | undefined
  const driver = await drive(
    async (_, context) => {
      await gate
      isCancelled = context.cancelled.isDone
    },
    { attemptMsMax: 50, retry: noRetry },
  )
  await sendAll(driver, one)
  await driver.advance(50)
  gate.complete(undefined)
  await driver.settle()
  expect(isCancelled).toBe(true)
  await driver.close()
})

test('a topic that a handler defines for each record is not kept', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const defined: Array<WeakRef<object>> = []
  const driver = await drive((value, context) => {
    const own = topic('results', { key: utf8, value: int32 })
    defined.push(new WeakRef(own))
    context.send(own, 'k', value)
  })
  await sendAll(driver, one)
  expect(await sent(driver)).toEqual(['k 1'])
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  expect(defined.map((each) => each.deref())).toEqual([undefined])
  await driver.close()
})

test('a run to the end waits for attempts that are due later, and not for keys that are held', async () => {
  const seen: string[] = []
  const driver = await drive(
    (value, { attempt }) => {
      seen.push(`${value}#${attempt}`)
      if (value === 1 || attempt === 1) throw new Error('not yet')
    },
    { retry: exponential({ attemptsMax: 2, delayMs: 400, jitter: 0 }), onExhausted: 'hold' },
  )
  await sendAll(driver, [
    ['a', 1],
    ['b', 2],
  ])
  const finished = driver.finish().catch((error: unknown) => error)
  await driver.advance(1_000)
  await finished
  expect(seen).toEqual(['1#1', '2#1', '1#2', '2#2'])
  await driver.close()
})

test('sends go where a producer would send them, with their ids, headers and times', async () => {
  const spread = topic('spread', { key: utf8, value: int32, partitions: 4 })
  const driver = await drive(
    (value, context) => {
      context.send(spread, `k${value}`, value, { id: `i${value}`, headers: { h: '1' }, timestamp: 5 })
      context.sendTo('spread', { key: 'raw', value: int32.encode(9), partition: 2 })
    },
    { outputs: [spread] },
  )
  await sendAll(driver, [
    ['a', 1],
    ['a', 2],
    ['a', 1],
  ])
  const appended = driver.weir.producer(spread).thenCompose((producer) => producer.append('k1', 1, { id: 'i1' }))
  await driver.settle()
  expect((await appended).duplicate).toBe(true)
  const found = await driver.output(spread)
  expect(
    found
      .filter(({ key }) => key !== 'raw')
      .map(({ key, id, timestamp }) => `${key} ${id} ${timestamp}`)
      .toSorted(),
  ).toEqual(['k1 i1 5', 'k2 i2 5'])
  expect(found.filter(({ key }) => key === 'raw').map(({ partition, value }) => [partition, value])).toEqual([
    [2, 9],
    [2, 9],
    [2, 9],
  ])
  await driver.close()
})
