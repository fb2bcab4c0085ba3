import { bytes, int, int32, job, nullable, type StreamRecord, TerminalError, topic, utf8 } from '@weir/core'
import { crashBefore, type JobDriver, jobDriver, on, and, nth, strike } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import {
  type KeyTimers,
  keyBy,
  listState,
  mapState,
  process,
  type ProcessContext,
  to,
  valueState,
} from '../src/index.ts'
import { numbers, results, texts, through, throughAtOnce } from './support/through.ts'

/** Sums of the numbers that come within a second of the first one, given on when that is over. */
const sums = job('sums')
  .from(numbers)
  .pipe(
    process('sums', {
      state: { sum: valueState(int32) },
      emits: int32,
      onRecord: ({ value, timestamp }, { state, timers }) => {
        const before = state.sum.get()
        if (before === undefined) timers.event.set(timestamp + 1_000)
        state.sum.put((before ?? 0) + value)
      },
      onTimer: (_, { state, emit }) => {
        emit(state.sum.get() ?? -1)
        state.sum.clear()
      },
    }),
    to(results),
  )

type Context = ProcessContext<string, {}, {}, string>

/** A job that does something for each record, and says what comes of timers. */
const timed = (work: (record: StreamRecord<string, number>, timers: Context['timers'], context: Context) => void) =>
  job('timed')
    .from(numbers)
    .pipe(
      process('timed', {
        emits: utf8,
        onRecord: (record, context) => {
          context.emit(`record ${record.value}`)
          return work(record, context.timers, context)
        },
        onTimer: ({ kind, timeMs, name }, { emit }) => emit(`${kind} ${timeMs}${name}`),
      }),
      to(texts),
    )

/** Why records were set aside. */
const causesOf = async (driver: JobDriver): Promise<ReadonlyArray<string | undefined>> => {
  const options = { key: nullable(bytes), value: nullable(bytes), recordBytesMax: 2 ** 30 }
  return (await driver.output(topic(`${driver.job.name}-bad-records`, options))).map(
    ({ headers }) => headers['weir.cause'],
  )
}

describe('a timer of event time', () => {
  test('fires once event time is beyond it, before the record that brings it there', async () => {
    const sent = [
      ['a', 1, 0],
      ['b', 5, 10],
      ['a', 2, 1_000],
      ['a', 3, 1_001],
      ['b', 1, 5_000],
    ] as const
    const expected = ['a@1000: 3', 'b@1010: 5', 'a@2001: 3']
    expect(await through(sums, results, sent)).toEqual(expected)
    expect(await throughAtOnce(sums, results, sent)).toEqual(expected)
  })

  test('fires in the order of time, then of keys and names, and once for each', async () => {
    const timers = timed(({ value }, { event }) => {
      for (const name of ['y', 'x', 'y']) event.set(100 - value, name)
    })
    expect(
      await throughAtOnce(timers, texts, [
        ['b', 0],
        ['a', 0],
        ['a', 1],
        ['a', 200, 200],
      ]),
    ).toEqual([
      'b@0: record 0',
      'a@0: record 0',
      'a@0: record 1',
      'a@99: event 99x',
      'a@99: event 99y',
      'a@100: event 100x',
      'a@100: event 100y',
      'b@100: event 100x',
      'b@100: event 100y',
      'a@200: record 200',
      'a@-100: event -100x',
      'a@-100: event -100y',
    ])
  })

  test('is cancelled by its key, time and name', async () => {
    const timers = timed(({ value }, { event }) => {
      if (value === 0) for (const name of ['', 'x', 'y']) event.set(10, name)
      if (value === 1) {
        event.cancel(10, 'x')
        event.cancel(11, 'y')
      }
    })
    const found = await throughAtOnce(timers, texts, [
      ['a', 0],
      ['b', 0],
      ['a', 1],
      ['a', 2, 11],
    ])
    expect(found.filter((line) => line.includes('event'))).toEqual([
      'a@10: event 10',
      'a@10: event 10y',
      'b@10: event 10',
      'b@10: event 10x',
      'b@10: event 10y',
    ])
  })

  test('whose time is past fires at once: before the next record, or at the end of the batch', async () => {
    const timers = timed(({ value }, { event }) => event.set(-value))
    const sent = [
      ['a', 1],
      ['a', 2],
    ] as const
    const expected = ['a@0: record 1', 'a@-1: event -1', 'a@0: record 2', 'a@-2: event -2']
    expect(await through(timers, texts, sent)).toEqual(expected)
    expect(await throughAtOnce(timers, texts, sent)).toEqual(expected)
  })

  test('fires once when the job crashes between its setting and its time, or while it fires', async () => {
    for (const commit of [2, 3, 4, 5]) {
      const driver = await jobDriver(sums, { faults: [strike(and(on('commit'), nth(commit)), crashBefore)] })
      await driver.send(numbers, [{ key: 'a', value: 1, timestamp: 0 }])
      if (!driver.isRunning) await driver.restart()
      driver.crash()
      await driver.restart()
      await driver.send(numbers, [{ key: 'b', value: 1, timestamp: 1_001 }])
      if (!driver.isRunning) await driver.restart()
      await driver.send(numbers, [{ key: 'b', value: 1, timestamp: 1_500 }])
      if (!driver.isRunning) await driver.restart()
      const found = await driver.output(results)
      expect(found.map(({ key, value }) => [key, value])).toEqual([['a', 1]])
      await driver.close()
    }
  })

  test('fires at the end of a run to the end, where those that it sets are dropped', async () => {
    const renewed = job('renewed')
      .from(numbers)
      .pipe(
        process('renewed', {
          emits: int32,
          onRecord: (_, { timers }) => timers.event.set(1_000),
          onTimer: ({ timeMs }, { timers, emit, watermark }) => {
            expect(watermark()).toBe(timeMs)
            emit(timeMs)
            timers.event.set(timeMs + 1_000)
          },
        }),
        to(results),
      )
    const driver = await jobDriver(renewed)
    await driver.send(numbers, [{ key: 'a', value: 1, timestamp: 0 }])
    await driver.send(numbers, [{ key: 'b', value: 1, timestamp: 2_500 }])
    await driver.finish()
    const found = await driver.output(results)
    expect(found.map(({ key, value }) => `${key}${value}`)).toEqual([
      'a1000',
      'a2000',
      'b1000',
      'b2000',
      'a3000',
      'b3000',
    ])
    expect([...driver.store('renewed-event-timers').windows()]).toEqual([])
    await driver.close()
  })
})

describe('a timer of the wall clock', () => {
  const alarms = timed(({ value }, { processing }, { now }) => processing.set(now() + value))

  test('fires when the clock has come to it, with the time that event time has come to', async () => {
    const driver = await jobDriver(alarms)
    await driver.send(numbers, [
      { key: 'a', value: 500, timestamp: 7 },
      { key: 'b', value: 100, timestamp: 5 },
    ])
    const seen = async () => (await driver.output(texts)).slice(2).map((found) => [found.key, found.timestamp])
    await driver.advance(99)
    expect(await seen()).toEqual([])
    await driver.advance(1)
    expect(await seen()).toEqual([['b', 7]])
    await driver.advance(10_000)
    expect(await seen()).toEqual([
      ['b', 7],
      ['a', 7],
    ])
    await driver.close()
  })

  test('fires once, also when the job was down at its time', async () => {
    const driver = await jobDriver(alarms)
    await driver.send(numbers, [{ key: 'a', value: 500 }])
    driver.crash()
    await driver.advance(10_000)
    await driver.restart()
    driver.crash()
    await driver.restart()
    const found = await driver.output(texts)
    expect(found.map(({ value }) => value)).toEqual(['record 500', 'processing 500'])
    await driver.close()
  })

  test('is not waited for by a run to the end, and stays', async () => {
    const driver = await jobDriver(alarms)
    await driver.send(numbers, [{ key: 'a', value: 500 }])
    await driver.finish()
    expect([...driver.store('timed-processing-timers').windows()]).toMatchObject([{ key: ['a', ''], windowStart: 500 }])
    await driver.advance(1_000)
    await driver.restart()
    expect((await driver.output(texts)).at(-1)?.value).toBe('processing 500')
    await driver.close()
  })

  test('may be cancelled by one that fires before it, and many fire in several commits', async () => {
    const many = job('many')
      .from(numbers)
      .pipe(
        process('many', {
          emits: int32,
          onRecord: ({ value }, { timers: { processing } }) => {
            for (let n = 0; n < value; n++) processing.set(100 + n, String(n))
          },
          onTimer: ({ timeMs }, { timers: { processing }, emit }) => {
            emit(timeMs)
            processing.cancel(timeMs + 1, String(timeMs - 99))
          },
        }),
        to(results),
      )
    const driver = await jobDriver(many)
    await driver.send(numbers, [{ key: 'a', value: 10_000 }])
    const before = driver.metrics().commits
    await driver.advance(20_000)
    const found = await driver.output(results)
    expect(found.map(({ value }) => value)).toEqual(Array.from({ length: 5_000 }, (_, n) => 100 + 2 * n))
    expect(driver.metrics().commits - before).toBeGreaterThan(1)
    await driver.close()
  })
})

describe('what process gives on', () => {
  const alerts = topic('alerts', { key: int32, value: utf8 })

  test('goes to the next operator under its key, and to topics of its own under any', async () => {
    const split = job('split')
      .from(numbers)
      .pipe(
        process('split', {
          outputs: { alerts },
          emits: int32,
          onRecord: ({ value }, { key, emit, outputs }) => {
            emit(value + 1)
            emit(value + 2, { timestamp: 70, headers: null })
            outputs.alerts.send(value, key)
            outputs.alerts.send(value, `${key}!`, { timestamp: 80, headers: { level: 'high' } })
          },
        }),
        to(results),
      )
    const driver = await jobDriver(split)
    await driver.send(numbers, [{ key: 'a', value: 1, timestamp: 5, headers: { trace: 't1' } }])
    const seen = (await driver.output(results)).map(({ key, value, timestamp, headers }) => [
      key,
      value,
      timestamp,
      Object.keys(headers),
    ])
    expect(seen).toEqual([
      ['a', 2, 5, ['trace']],
      ['a', 3, 70, []],
    ])
    const aside = (await driver.output(alerts)).map(({ key, value, timestamp, headers }) => [
      key,
      value,
      timestamp,
      Object.keys(headers),
    ])
    expect(aside).toEqual([
      [1, 'a', 5, ['trace']],
      [1, 'a!', 80, ['level']],
    ])
    await driver.close()
  })

  test('may be to its own topics alone: it is a sink then', () => {
    const alone = job('alone')
      .from(numbers)
      .pipe(
        process('alone', { outputs: { alerts }, onRecord: ({ value }, { outputs }) => outputs.alerts.send(value, '') }),
      )
    expect(alone.describe().stages[0]!.operators[0]).toMatchObject({
      kind: 'process',
      name: 'alone',
      stores: [],
      outputs: ['alerts'],
    })
  })

  test('travels on through a repartition in the codec of what it emits', async () => {
    const onward = job('onward')
      .from(numbers)
      .pipe(
        process('first', { emits: utf8, onRecord: ({ value }, { emit }) => emit(`n${value}`) }),
        keyBy((text) => text),
        process('second', {
          state: { seen: valueState(int32) },
          emits: int32,
          onRecord: (_, { state, emit }) => {
            state.seen.put((state.seen.get() ?? 0) + 1)
            emit(state.seen.get() ?? 0)
          },
        }),
        to(results),
      )
    expect(
      await through(onward, results, [
        ['a', 1],
        ['b', 1],
        ['a', 2],
      ]),
    ).toEqual(['n1@0: 1', 'n1@0: 2', 'n2@0: 1'])
  })
})

describe('what process cannot do is refused', () => {
  const build = (options: object) => () => process('p', { onRecord: () => {}, ...options })

  test.each<readonly [string, object, string]>([
    ['an option that is none', { onRecords: 1 }, "process 'p': there is no option 'onRecords'"],
    ['no function', { onTimer: 'x' }, 'process \'p\': onTimer is "x"; expected a function'],
    ['state that is none', { state: { s: int32 } }, "process 'p': state 's' is none; expected valueState()"],
    [
      'an output that is none',
      { outputs: { o: 'topic' } },
      "process 'p': output 'o' is \"topic\"; expected one such as topic(",
    ],
  ])('as it is built: %s', (_what, options, message) => {
    expect(build(options)).toThrow(message)
    expect(build(options)).toThrow(expect.objectContaining({ _tag: 'InvalidOption' }))
  })

  test.each<readonly [string, () => unknown, string]>([
    ['a codec that allows null', () => valueState(nullable(utf8)), 'valueState: codec nullable(utf8) allows null'],
    ['a subkey that does', () => mapState(nullable(utf8), int32), 'mapState: codec nullable(utf8) allows null'],
    ['no time to live', () => listState(utf8, { ttlMs: 0 }), 'listState: ttlMs is 0; expected a whole number from 1'],
    ['an unknown option', () => valueState(utf8, { ttl: 1 } as never), "valueState: there is no option 'ttl'"],
  ])('as state is declared: %s', (_what, declare, message) => {
    expect(declare).toThrow(message)
    expect(declare).toThrow(expect.objectContaining({ _tag: 'InvalidOption' }))
  })

  test.each<readonly [string, (context: Context) => unknown, string]>([
    [
      'a time that is none',
      ({ timers }) => timers.event.set(0.5),
      'the time of a timer is 0.5; expected a whole number',
    ],
    ['a timestamp that is none', ({ emit }) => emit('x', { timestamp: Number.NaN }), 'the timestamp NaN'],
    ['a promise', () => Promise.resolve(), "process 'timed': its code gave a promise"],
  ])('as it runs, and the record is set aside: %s', async (_what, work, message) => {
    const driver = await jobDriver(
      timed((_record, _timers, context) => work(context)),
      { badRecords: 'set-aside' },
    )
    await driver.send(numbers, [{ key: 'a', value: 1 }])
    expect(await driver.output(texts)).toEqual([])
    expect(await causesOf(driver)).toEqual([expect.stringContaining(message)])
    await driver.close()
  })

  test('as it runs: a timer where nothing would hear of it, and a context that is kept', async () => {
    let kept: { readonly timers: { readonly event: KeyTimers } } | undefined
    const deaf = job('deaf')
      .from(numbers)
      .pipe(
        process('deaf', {
          emits: int32,
          onRecord: (_, context) => {
            kept = context
            context.timers.event.set(1)
          },
        }),
        to(results),
      )
    const driver = await jobDriver(deaf, { badRecords: 'set-aside' })
    await driver.send(numbers, [{ key: 'a', value: 1 }])
    expect(await causesOf(driver)).toEqual([expect.stringContaining("process 'deaf' sets a timer, but has no onTimer")])
    expect(() => kept?.timers.event.set(1)).toThrow(expect.objectContaining({ _tag: 'InvariantViolated' }))
    await driver.close()
  })

  test.each([
    ['Error', Error],
    ['TerminalError', TerminalError],
  ] as const)('as a timer fires: no record is to blame, and the run ends: %s', async (_name, Kind) => {
    const failing = job('failing')
      .from(numbers)
      .pipe(
        process('failing', {
          emits: int32,
          onRecord: (_, { timers }) => timers.event.set(1),
          onTimer: () => {
            throw new Kind('too late')
          },
        }),
        to(results),
      )
    const driver = await jobDriver(failing)
    await driver.send(numbers, [{ key: 'a', value: 1 }])
    const failure: unknown = await driver.send(numbers, [{ key: 'a', value: 1, timestamp: 2 }]).catch((error) => error)
    expect(failure).toMatchObject({
      _tag: 'OperatorFailed',
      message:
        "job 'failing': onTimer of process 'failing' threw in 'numbers' partition 0, at a timer of event time 1; " +
        'nothing of its batch was committed. It said: too late',
    })
    expect(await causesOf(driver)).toEqual([])
    await driver.close()
  })

  test('by the plan of the job: state and timers of one name, and keys that may be none', () => {
    const clash = process('p', {
      state: { 'event-timers': valueState(int) },
      emits: int,
      onRecord: () => {},
      onTimer: () => {},
    })
    expect(() =>
      job('j')
        .from(numbers)
        .pipe(clash as never, to(results))
        .describe(),
    ).toThrow("two stores named 'p-event-timers'")
    const keyless = topic('keyless', { key: nullable(utf8), value: int32 })
    expect(() =>
      job('j')
        .from(keyless)
        .pipe(process('p', { emits: int32, onRecord: () => {} }), to(topic('o', { key: nullable(utf8), value: int32 })))
        .describe(),
    ).toThrow("process 'p' works by key")
  })
})
