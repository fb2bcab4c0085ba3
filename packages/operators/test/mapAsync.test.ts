import { bytes, CompletableFuture, int32, job, type Job, json, nullable, OperatorFailed, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  jobDriver,
  virtualClock,
} from '@weir/testing'
import fc from 'fast-check'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { count, flatMap, keyBy, mapAsync, type MapAsyncOptions, process, to, tumbling } from '../src/index.ts'
import { numbers, results, texts } from './support/through.ts'

/** A service that answers a number after so many ms, and says when calls began and ended. */
const service = () => {
  const clock = virtualClock()
  const log: string[] = []
  let underWay = 0
  let most = 0
  const call = (value: number): CompletableFuture<string> => {
    log.push(`+${value}`)
    most = Math.max(most, ++underWay)
    return CompletableFuture.cancellable<string>((future) => {
      const cancel = clock.after(value, () => future.complete(`n${value}`))
      return () => {
        log.push(`cancelled ${value}`)
        cancel()
      }
    }).whenComplete(() => {
      underWay--
      log.push(`-${value}`)
    })
  }
  return { clock, log, call, most: () => most }
}

const calling = (call: (value: number) => PromiseLike<string>, options?: MapAsyncOptions<string>): Job =>
  job('calling')
    .from(numbers)
    .pipe(mapAsync('call', call, options), to(texts))

const badRecords = topic('calling-bad-records', {
  key: nullable(bytes),
  value: nullable(bytes),
  recordBytesMax: 2 ** 30,
})

const keyed = (...values: ReadonlyArray<readonly [string, number]>) => values.map(([key, value]) => ({ key, value }))

describe('mapAsync', () => {
  test('gives results on in the order of the input, whenever their calls end', async () => {
    const { clock, log, call } = service()
    const driver = await jobDriver(calling(call), { clock })
    await driver.send(numbers, keyed(['a', 30], ['a', 10], ['b', 20]))
    await driver.advance(29)
    expect(log).toEqual(['+30', '+10', '+20', '-10', '-20'])
    expect(await driver.output(texts)).toEqual([])
    await driver.advance(1)
    expect((await driver.output(texts)).map(({ value }) => value)).toEqual(['n30', 'n10', 'n20'])
    await driver.close()
  })

  test('gives them on as their calls end when no order is asked for', async () => {
    const { clock, call } = service()
    const driver = await jobDriver(calling(call, { order: 'none' }), { clock })
    await driver.send(numbers, keyed(['a', 30], ['a', 10], ['b', 20]))
    await driver.advance(30)
    expect((await driver.output(texts)).map(({ value }) => value)).toEqual(['n10', 'n20', 'n30'])
    await driver.close()
  })

  test('makes the calls of a key one after the other when asked to, and those of others meanwhile', async () => {
    const { clock, log, call } = service()
    const driver = await jobDriver(calling(call, { order: 'key' }), { clock })
    await driver.send(numbers, keyed(['a', 30], ['a', 10], ['b', 20], ['a', 5]))
    await driver.advance(100)
    expect(log).toEqual(['+30', '+20', '-20', '-30', '+10', '-10', '+5', '-5'])
    expect((await driver.output(texts)).map(({ value }) => value)).toEqual(['n30', 'n10', 'n20', 'n5'])
    await driver.close()
  })

  test('brings the records of a key together before it makes their calls one after the other', () => {
    const steps = job('j')
      .from(numbers)
      .pipe(
        keyBy(String),
        mapAsync('first', (value) => value, { order: 'key' }),
        keyBy(String),
        mapAsync('second', (value) => value, { order: 'key' }),
        to(results),
      )
      .describe()
    expect(steps.stages.map(({ operators }) => operators.map(({ name }) => name))).toEqual([
      ['keyBy'],
      ['first', 'keyBy'],
      ['second', 'results'],
    ])
  })

  test('has so many calls under way at once, and no more', async () => {
    const { clock, call, most } = service()
    const driver = await jobDriver(calling(call, { concurrencyMax: 3 }), { clock })
    await driver.send(
      numbers,
      Array.from({ length: 20 }, (_, n) => ({ key: 'a', value: 10 + (n % 4) })),
    )
    await driver.advance(1_000)
    expect(await driver.output(texts)).toHaveLength(20)
    expect(most()).toBe(3)
    await driver.close()
  })

  test('takes plain values, and many calls of a key that end at once', async () => {
    const plain = job('plain')
      .from(numbers)
      .pipe(
        mapAsync('call', (value) => (value === 0 ? Promise.resolve(0) : value), { order: 'key', concurrencyMax: 2 }),
        to(results),
      )
    const driver = await jobDriver(plain, { run: { batchRecordsMax: 100_000 } })
    await driver.send(
      numbers,
      Array.from({ length: 20_000 }, (_, value) => ({ key: 'a', value })),
    )
    expect((await driver.output(results)).map(({ value }) => value)).toEqual(
      Array.from({ length: 20_000 }, (_, value) => value),
    )
    await driver.close()
  })

  test('keeps the order of keys of any length', async () => {
    const blobs = topic('blobs', { key: bytes, value: int32 })
    const { clock, log, call } = service()
    const told = topic('told', { key: bytes, value: utf8 })
    const driver = await jobDriver(
      job('blobbed')
        .from(blobs)
        .pipe(mapAsync('call', call, { order: 'key' }), to(told)),
      {
        clock,
      },
    )
    const large = (last: number): Uint8Array => new Uint8Array(200_000).fill(last, -1)
    await driver.send(blobs, [
      { key: large(1), value: 30 },
      { key: large(1), value: 10 },
      { key: large(2), value: 20 },
    ])
    await driver.advance(100)
    expect(log).toEqual(['+30', '+20', '-20', '-30', '+10', '-10'])
    await driver.close()
  })

  test('tells keys apart by their content', async () => {
    const Place = t.type({ x: t.number })
    const places = topic('places', { key: json(Place, { name: 'Place' }), value: int32 })
    const { clock, log, call } = service()
    const placed = job('placed')
      .from(places)
      .pipe(
        mapAsync('call', call, { order: 'key' }),
        to(topic('told', { key: json(Place, { name: 'Place' }), value: utf8 })),
      )
    const driver = await jobDriver(placed, { clock })
    await driver.send(places, [
      { key: { x: 1 }, value: 30 },
      { key: { x: 1 }, value: 10 },
      { key: { x: 2 }, value: 20 },
    ])
    await driver.advance(100)
    expect(log).toEqual(['+30', '+20', '-20', '-30', '+10', '-10'])
    await driver.close()
  })

  test('leaves event time where it was until the calls have ended', async () => {
    const { clock, call } = service()
    const windows = job('windows')
      .from(numbers)
      .pipe(mapAsync('call', call), count('c', { window: tumbling(1_000) }), to(results))
    const driver = await jobDriver(windows, { clock })
    await driver.send(numbers, [
      { key: 'a', value: 10, timestamp: 0 },
      { key: 'a', value: 5, timestamp: 1_500 },
      { key: 'a', value: 1, timestamp: 999 },
    ])
    await driver.advance(100)
    expect((await driver.output(results)).map(({ value }) => value)).toEqual([1])
    expect(driver.metrics().recordsLate).toBe(1)
    await driver.close()
  })
})

describe('a call that fails', () => {
  test('sets its record aside, and the calls of the batch are made again without it', async () => {
    const asked: number[] = []
    const failing = calling((value) => {
      asked.push(value)
      return value === 2 ? Promise.reject(new Error('no answer')) : Promise.resolve(String(value))
    })
    const driver = await jobDriver(failing, { badRecords: 'set-aside' })
    await driver.send(numbers, keyed(['a', 1], ['a', 2], ['a', 3]))
    expect((await driver.output(texts)).map(({ value }) => value)).toEqual(['1', '3'])
    expect(asked).toEqual([1, 2, 3, 1, 3])
    const [aside, ...more] = await driver.output(badRecords)
    expect(more).toEqual([])
    expect(int32.decode(aside!.value!)).toMatchObject({ right: 2 })
    expect(aside!.headers['weir.cause']).toBe("operator mapAsync 'call' threw: no answer")
    await driver.close()
  })

  test('is one that throws, too; behind an operator that holds records back, none is to blame, and the run ends', async () => {
    const held = job('held')
      .from(numbers)
      .pipe(
        count('c', { window: tumbling(10) }),
        mapAsync('call', (): string => {
          throw new Error('at once')
        }),
        to(texts),
      )
    const driver = await jobDriver(held)
    await driver.send(numbers, [{ key: 'a', value: 1, timestamp: 0 }])
    const failure: unknown = await driver.finish().catch((error) => error)
    expect(failure).toBeInstanceOf(OperatorFailed)
    expect((failure as Error).message).toContain("code of operator mapAsync 'call' threw in 'numbers' partition 0")
    await driver.close()
  })

  test('is one that takes too long, and it is cancelled', async () => {
    const { clock, log, call } = service()
    const driver = await jobDriver(calling(call, { attemptMsMax: 50 }), { clock, badRecords: 'set-aside' })
    await driver.send(numbers, keyed(['a', 49], ['a', 51]))
    await driver.advance(200)
    expect(log).toEqual(['+49', '+51', '-49', 'cancelled 51', '+49', '-49'])
    expect((await driver.output(texts)).map(({ value }) => value)).toEqual(['n49'])
    const [aside] = await driver.output(badRecords)
    expect(aside!.headers['weir.cause']).toBe("operator mapAsync 'call' threw: not done within 50 ms")
    await driver.close()
  })

  test('lets no other begin, as does the end of the run', async () => {
    const { clock, log, call } = service()
    const failing = (value: number) => (value === 13 ? CompletableFuture.failed<string>(new Error('13')) : call(value))
    const driver = await jobDriver(calling(failing, { concurrencyMax: 1 }), { clock, badRecords: 'set-aside' })
    await driver.send(numbers, keyed(['a', 13], ['a', 10]))
    await driver.advance(1_000)
    // by the task that begins anew, without the record
    expect(log).toEqual(['+10', '-10'])
    await driver.close()

    log.length = 0
    const stopped = await jobDriver(calling(call, { concurrencyMax: 1 }), { clock, run: { drainWithinMs: 25 } })
    await stopped.send(numbers, keyed(['a', 10], ['a', 11], ['a', 12], ['a', 13]))
    await stopped.close()
    await clock.advance(1_000)
    expect(log.filter((line) => line.startsWith('+'))).toEqual(['+10', '+11', '+12'])
  })
})

test.each<readonly [string, object, string]>([
  ['no concurrency', { concurrencyMax: 0 }, "mapAsync 'call': concurrencyMax is 0; expected a whole number from 1"],
  ['an order of no kind', { order: 'time' }, "mapAsync 'call': order is time; expected input, key, none"],
  ['a limit that is none', { attemptMsMax: -1 }, "mapAsync 'call': attemptMsMax is -1; expected a whole number from 1"],
  ['an unknown option', { concurrency: 4 }, "mapAsync 'call': there is no option 'concurrency'"],
])('mapAsync refuses %s', (_what, options, message) => {
  const build = () => mapAsync('call', (value: number) => value, options)
  expect(build).toThrow(message)
  expect(build).toThrow(expect.objectContaining({ _tag: 'InvalidOption' }))
})

test('mapAsync refuses a call without a name', () => {
  const build = () => mapAsync(((value: number) => value) as never, {} as never)
  expect(build).toThrow(expect.objectContaining({ _tag: 'InvalidName' }))
  expect(() => mapAsync('call', {} as never)).toThrow("mapAsync 'call': project is an object; expected a function")
})

describe('a job with calls', () => {
  const steps = topic('steps', { key: utf8, value: int32, partitions: 3 })
  const sums = topic('sums', { key: utf8, value: int32, partitions: 2 })
  /** The same for each value, and of different lengths. */
  const later = async (value: number): Promise<number> => {
    for (let turn = 0; turn < value % 5; turn++) await Promise.resolve()
    return value * 2
  }
  const jobs = (['input', 'key'] as const).map((order) =>
    job(`by-${order}`)
      .from(steps)
      .pipe(
        flatMap((value) => [value, value + 1]),
        mapAsync('later', later, { order, concurrencyMax: 3 }),
        process('sums', {
          emits: int32,
          onRecord: ({ value, timestamp }, { timers, emit }) => {
            timers.event.set(timestamp + 100)
            emit(value)
          },
          onTimer: (_, { emit }) => emit(-1),
        }),
        to(sums),
      ),
  )
  const input = inputTo(
    steps,
    arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(100), countMax: 12 }).map((records) =>
      records.map((record, n) => ({ ...record, timestamp: n * 60 })),
    ),
  )

  test.each(jobs)(
    'is the same after any crash, in any batches, and under any options: $name',
    async (law) => {
      const options = { inputs: [input], order: 'byKey' as const }
      await fc.assert(isExactlyOnce(law, options), { numRuns: 15 })
      await fc.assert(isBatchInvariant(law, options), { numRuns: 10 })
      await fc.assert(isOptionInvariant(law, options), { numRuns: 10 })
    },
    60_000,
  )
})
