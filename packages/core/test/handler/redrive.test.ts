import {
  type Codec,
  entry,
  handle,
  type Handler,
  int32,
  InvalidOption,
  job,
  noRetry,
  OperatorFailed,
  redrive,
  StorageClosed,
  StoreMismatch,
  topic,
  TopicFull,
  UnknownTopic,
  utf8,
  type WhenFull,
} from '@weir/core'
import { jobDriver, type JobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { deadLetters, drive, given, orders, results, sendAll, sent } from './support.ts'

describe('redrive', () => {
  test('sends dead letters back, each once, and their group handles them again', async () => {
    let isBroken = true
    const driver = await drive(
      (value, context) => {
        if (isBroken && value > 1) throw new Error('broken')
        context.send(results, context.record.key, value)
      },
      { retry: noRetry },
    )
    await driver.send(orders, [
      { key: 'a', value: 1 },
      { key: 'a', value: 2, id: 'i2', headers: { note: 'n' } },
      { key: 'b', value: 3 },
    ])
    isBroken = false
    const outcome = redrive(driver.weir, deadLetters)
    await driver.settle()
    expect(await outcome).toEqual({ sent: 2, passedOver: 0 })
    expect(await sent(driver)).toEqual(['a 1', 'a 2', 'b 3'])
    const again = redrive(driver.weir, 'dead')
    await driver.settle()
    expect(await again).toEqual({ sent: 0, passedOver: 0 })
    const back = (await driver.output(orders)).slice(3)
    expect(back.map(({ key, value, id, headers }) => [key, value, id, { ...headers }])).toEqual([
      ['a', 2, 'i2', { note: 'n', 'weir.group': 'shop', 'weir.redriven': '1' }],
      ['b', 3, null, { 'weir.group': 'shop', 'weir.redriven': '2' }],
    ])
    await driver.close()
  })

  test.each([
    ['cannot be decoded any more', 'decode', StoreMismatch],
    ['has no priority any more', 'priorityOf', OperatorFailed],
  ] as const)('ends the run when what is held behind %s', async (_, broken, expected) => {
    let isBroken = true
    const picky: Codec<number> = {
      ...int32,
      decode: (bytes) => int32.decode(broken === 'decode' && !isBroken && bytes[3] === 2 ? bytes.subarray(1) : bytes),
    }
    const numbers = topic('numbers', { key: utf8, value: picky })
    const step = handle<string, number>(() => (isBroken ? Promise.reject(new Error('broken')) : Promise.resolve()), {
      retry: noRetry,
      onExhausted: 'hold',
      deadLetter: deadLetters,
      priorityOf: ({ value }) => {
        if (!isBroken && value === 2) throw new Error('none')
        return 0
      },
    })
    const driver = await jobDriver(job('shop').from(numbers).pipe(step))
    await driver.send(numbers, [
      { key: 'a', value: 1 },
      { key: 'a', value: 2 },
    ])
    isBroken = false
    void redrive(driver.weir, deadLetters)
    await expect(driver.settle()).rejects.toThrow(expected)
    await driver.close()
  })

  test('lets a key that is held run on, in order, with the record that was sent back first', async () => {
    let isBroken = true
    const driver = await drive(
      (value, context) => {
        if (isBroken && value === 1) throw new Error('broken')
        context.send(results, context.record.key, value)
      },
      { retry: noRetry, onExhausted: 'hold', settleWithinMs: 10 },
    )
    await sendAll(driver, [
      ['a', 1],
      ['a', 2],
      ['b', 3],
    ])
    await driver.advance(100)
    driver.crash()
    await driver.restart()
    isBroken = false
    await sendAll(driver, [['a', 4]])
    expect(await sent(driver)).toEqual(['b 3'])
    const outcome = redrive(driver.weir, deadLetters)
    await driver.settle()
    await outcome
    expect(await sent(driver)).toEqual(['b 3', 'a 1', 'a 2', 'a 4'])
    expect([...driver.store('handler-pending').entries()]).toEqual([])
    await driver.close()
  })

  test('is not shed, since a key waits for it', async () => {
    let isBroken = true
    const driver = await drive(
      (value, context) => {
        if (isBroken && value === 1) throw new Error('broken')
        context.send(results, context.record.key, value)
      },
      { retry: noRetry, onExhausted: 'hold', settleWithinMs: 10, shed: { lagMax: 1 } },
    )
    await sendAll(driver, [['a', 1]])
    await sendAll(driver, [['a', 2]])
    await driver.advance(100)
    driver.crash()
    isBroken = false
    const outcome = redrive(driver.weir, deadLetters)
    await driver.settle()
    await outcome
    await sendAll(driver, [
      ['b', 3],
      ['b', 4],
      ['b', 5],
    ])
    await driver.restart()
    expect(await sent(driver)).toEqual(['a 1', 'a 2', 'b 4', 'b 5'])
    await driver.close()
  })

  test.each([
    ['of one key', 'key', ['a 1', 'a 2', 'a 3', 'a 4']],
    ['of as many keys', 'key', ['a 1', 'b 2', 'c 3', 'd 4']],
    ['of the partition', 'partition', ['a 1', 'b 2', 'a 3', 'b 4']],
  ] as const)('reaches a partition when all that may be pending is held: records %s', async (_, order, expected) => {
    let isBroken = true
    const driver = await drive(
      (value, context) => {
        if (isBroken) throw new Error('broken')
        context.send(results, context.record.key, value)
      },
      { order, retry: noRetry, onExhausted: 'hold', settleWithinMs: 10, pendingCountMax: 2 },
    )
    for (const each of expected) await sendAll(driver, [[each[0]!, Number(each[2])]])
    await driver.advance(100)
    isBroken = false
    const outcome = redrive(driver.weir, deadLetters)
    await driver.advance(100)
    await outcome
    expect(await sent(driver)).toEqual(expected)
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })

  test('finds what is held as it was after a seek back, with what comes again in its place', async () => {
    let isBroken = true
    const driver = await drive(
      (value, context) => {
        if (isBroken && value === 2) throw new Error('broken')
        context.send(results, context.record.key, value)
      },
      { retry: noRetry, onExhausted: 'hold' },
    )
    for (const value of [1, 2, 3]) await sendAll(driver, [['a', value]])
    const sought = driver.weir.group('shop').seek('orders', 'earliest')
    await driver.settle()
    await sought
    await driver.advance(200)
    expect(await sent(driver)).toEqual(['a 1', 'a 1'])
    isBroken = false
    const outcome = redrive(driver.weir, deadLetters)
    await driver.advance(100)
    await outcome
    expect(await sent(driver)).toEqual(['a 1', 'a 1', 'a 2', 'a 3'])
    await driver.close()
  })

  test('must come first: what is held by one order is refused by another', async () => {
    const handler = (): void => {
      throw new Error('broken')
    }
    const options = { retry: noRetry, onExhausted: 'hold' } as const
    const held = await drive(handler, { ...options, order: 'key' })
    await sendAll(held, [['a', 1]])
    held.crash()
    const { disk, clock } = held
    await expect(drive(handler, { ...options, order: 'partition' }, { disk, clock })).rejects.toThrow(StoreMismatch)
    await held.close()
  })

  const full = async (
    whenFull: WhenFull,
  ): Promise<{ readonly driver: JobDriver; readonly mend: () => void; readonly seen: ReadonlyArray<number> }> => {
    let isBroken = true
    const seen: number[] = []
    const driver = await drive(
      (value) => {
        if (isBroken) throw new Error('broken')
        seen.push(value)
      },
      { retry: noRetry },
    )
    await driver.send(
      orders,
      [1, 2, 3, 4, 5].map((value) => ({ key: 'k', value })),
    )
    const altered = driver.weir.alter(topic('orders', { ...orders, capacity: { countMax: 2, whenFull } }))
    await driver.settle()
    await altered
    return { driver, seen, mend: () => (isBroken = false) }
  }

  const pause = (driver: JobDriver): void => driver.crash()

  test('waits for room in a topic that waits, and sends each back once', async () => {
    const { driver, mend, seen } = await full('wait')
    mend()
    pause(driver)
    const outcome = redrive(driver.weir, deadLetters)
    await driver.clock.settle()
    expect((await driver.output(orders)).map(({ value }) => value)).toEqual([1, 2, 3, 4, 5, 1, 2])
    expect(outcome.isDone).toBe(false)
    await driver.restart()
    await driver.settle()
    expect(await outcome).toEqual({ sent: 5, passedOver: 0 })
    expect(seen).toEqual([1, 2, 3, 4, 5])
    await driver.close()
  })

  test('ends with StorageClosed when the Weir is closed while it waits', async () => {
    const { driver } = await full('wait')
    pause(driver)
    const outcome = redrive(driver.weir, deadLetters).handle((_, error) => error)
    await driver.clock.settle()
    const closed = driver.weir.close()
    await driver.clock.settle()
    await closed
    expect(await outcome).toBeInstanceOf(StorageClosed)
    await driver.close()
  })

  test.each(['reject', 'drop-newest'] as const)(
    'leaves those where they are that a topic with %s has no room for',
    async (whenFull) => {
      const { driver, mend, seen } = await full(whenFull)
      mend()
      pause(driver)
      const outcome = redrive(driver.weir, deadLetters).handle((_, error) => error)
      await driver.clock.settle()
      expect(await outcome).toBeInstanceOf(TopicFull)
      for (let round = 0; round < 2; round++) {
        await driver.restart()
        const next = redrive(driver.weir, deadLetters).handle((_, error) => error)
        await driver.settle()
        await next
        driver.crash()
      }
      await driver.restart()
      expect(seen).toEqual([1, 2, 3, 4, 5])
      await driver.close()
    },
  )

  test('makes room in a topic that drops the oldest', async () => {
    const { driver, mend, seen } = await full('drop-oldest')
    mend()
    pause(driver)
    const outcome = redrive(driver.weir, deadLetters)
    await driver.clock.settle()
    expect(await outcome).toEqual({ sent: 5, passedOver: 0 })
    await driver.restart()
    expect(seen).toEqual([4, 5])
    await driver.close()
  })

  test('is for the group that gave a record up: the others skip it', async () => {
    const seen: number[] = []
    const driver = await drive(
      () => {
        throw new Error('broken')
      },
      { retry: noRetry },
    )
    const other = driver.weir
      .topic(orders)
      .group('other')
      .process((value) => seen.push(value))
    await driver.settle()
    const running = await other
    await sendAll(driver, [['a', 1]])
    const outcome = redrive(driver.weir, deadLetters)
    await driver.settle()
    await outcome
    expect(seen).toEqual([1])
    expect(running.count('redrivenElsewhere')).toBe(1)
    expect(running.count('handled')).toBe(1)
    expect((await given(driver)).map((headers) => headers['weir.offset'])).toEqual(['0', '1'])
    await driver.close()
  })

  test('sends each dead letter back to the partition that it came from', async () => {
    const wide = topic('wide', { key: utf8, value: int32, partitions: 3 })
    const broken: Handler<string, number> = () => {
      throw new Error('broken')
    }
    const failing = job('failing')
      .from(wide)
      .pipe(handle(broken, { deadLetter: deadLetters, retry: noRetry }))
    const driver = await jobDriver(failing)
    await driver.send(
      wide,
      // not where their key alone would lead
      [0, 1, 2, 0, 2].map((partition) => ({ key: 'a', value: partition, partition })),
    )
    driver.crash()
    const outcome = redrive(driver.weir, deadLetters)
    await driver.clock.settle()
    expect(await outcome).toEqual({ sent: 5, passedOver: 0 })
    const found = await driver.output(wide)
    expect(found.map(({ partition }) => partition).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 0, 1, 1, 2, 2, 2, 2])
    expect(found.filter(({ partition, value }) => partition !== value)).toEqual([])
    await driver.close()
  })

  test('of two at once sends each dead letter back once', async () => {
    const driver = await drive(
      () => {
        throw new Error('broken')
      },
      { retry: noRetry },
    )
    await sendAll(driver, [
      ['a', 1],
      ['a', 2],
    ])
    driver.crash()
    const both = [redrive(driver.weir, deadLetters), redrive(driver.weir, deadLetters)]
    await driver.clock.settle()
    expect((await both[0]!).sent + (await both[1]!).sent).toBe(2)
    expect(await driver.output(orders)).toHaveLength(4)
    await driver.close()
  })

  test('passes over what says no origin, and stops at an origin that is not there', async () => {
    const driver = await drive(() => undefined)
    const text = topic('dead', { key: utf8, value: utf8 })
    const failing = [
      { 'weir.topic': 'nowhere', 'weir.partition': '0' },
      { 'weir.topic': 'orders', 'weir.partition': '7' },
    ]
    const errors: unknown[] = []
    for (const [index, headers] of failing.entries()) {
      const named = `dead-${index}`
      const appended = driver.weir.append(
        entry(topic(named, text), 'k', 'v'),
        entry(topic(named, text), 'k', 'v', { headers }),
      )
      await driver.settle()
      await appended
      const outcome = redrive(driver.weir, named).exceptionally((error) => errors.push(error))
      await driver.settle()
      await outcome
    }
    expect(errors[0]).toBeInstanceOf(UnknownTopic)
    expect(errors[1]).toBeInstanceOf(InvalidOption)
    expect(redrive(driver.weir, 'nothing').isCompletedExceptionally).toBe(true)
    await driver.close()
  })
})
