import {
  bytes,
  CompletableFuture,
  guaranteeOf,
  InvalidJob,
  InvalidName,
  InvalidOption,
  job,
  nullable,
  type Sink,
  SinkFailed,
  SinkMismatch,
  type SinkRecord,
  TimedOut,
  topic,
  utf8,
} from '@weir/core'
import { assignTimestamps, callbackSink, count, filter, fork, keyBy, sink, to } from '@weir/operators'
import {
  and,
  arbitraryKey,
  crashAfter,
  crashBefore,
  type FaultPlan,
  jobDriver,
  memoryDisk,
  memorySink,
  nth,
  on,
  slow,
  storageFull,
  strike,
  virtualClock,
  where,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gatheringSink } from './support/gatheringSink.ts'

const lines = topic('lines', { key: utf8, value: utf8, partitions: 2 })
const jobTo = (outside: Sink<string, string>) => job('write').from(lines).pipe(sink(outside))
const record = (value: string, key = 'k') => ({ key, value, timestamp: 0 })
const valuesOf = (records: ReadonlyArray<SinkRecord<string, string>>): ReadonlyArray<string> =>
  records.map(({ value }) => value)

/** A sink that does something else in a write, once. */
const disturbed = (inner: Sink<string, string>, disturb: () => CompletableFuture<void>): Sink<string, string> => {
  let isDone = false
  return {
    ...inner,
    open: (place) =>
      inner.open(place).thenApply((writer) => ({
        get position() {
          return writer.position
        },
        write: (records, next) => {
          if (isDone) return writer.write(records, next)
          isDone = true
          return disturb().thenCompose(() => writer.write(records, next))
        },
        close: () => writer.close(),
      })),
  }
}

test('a record is outside once, with its offset and a key that is the same whenever it is written', async () => {
  const outside = memorySink<string, string>()
  const driver = await jobDriver(jobTo(outside))
  await driver.send(lines, [record('a'), { ...record('b'), id: 'own', headers: { h: '1' } }])
  const [first, second] = outside.records()
  expect(first).toEqual({
    key: 'k',
    value: 'a',
    timestamp: 0,
    headers: {},
    offset: 0,
    idempotencyKey: expect.stringMatching(/^write\/lines\/[01]\/0$/),
  })
  expect(second).toMatchObject({ offset: 1, idempotencyKey: 'own', headers: { h: '1' } })
  expect(driver.metrics().lag).toBe(0)
  await driver.close()
})

test('what is outside and not yet committed is left out after a crash', async () => {
  const outside = memorySink<string, string>()
  // the first commit names the log
  const faults = [strike(and(on('commit'), nth(4)), crashBefore)]
  const driver = await jobDriver(jobTo(outside), { faults })
  for (const value of ['a', 'b', 'c', 'd', 'e']) await driver.send(lines, [record(value)])
  expect(driver.isRunning).toBe(false)
  await driver.restart()
  expect(valuesOf(outside.records())).toEqual(['a', 'b', 'c', 'd', 'e'])
  await driver.close()
})

test.each([new SinkFailed('no connection', { recovery: 'retry' }), new TimedOut('no answer in 1000 ms')])(
  'a write that fails for a while is tried again from the position outside: %s',
  async (cause) => {
    const outside = memorySink<string, string>()
    const failing = disturbed(outside, () => CompletableFuture.failed(cause))
    const driver = await jobDriver(jobTo(failing))
    await driver.send(lines, [record('a'), record('b')])
    expect(valuesOf(outside.records())).toEqual([])
    await driver.advance(1_000)
    expect(valuesOf(outside.records())).toEqual(['a', 'b'])
    await driver.close()
  },
)

test('what a sink says of a failure is said of its job and partition, and what it was caused by is kept', async () => {
  const refused = new SinkFailed('no room for it', { cause: new RangeError('1') })
  const driver = await jobDriver(jobTo(disturbed(memorySink(), () => CompletableFuture.failed(refused))))
  const failure = await driver.send(lines, [record('a')]).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(SinkFailed)
  expect((failure as SinkFailed).message).toMatch(
    /^job 'write': sink 'memory' on 'lines', partition [01]: no room for it$/,
  )
  expect((failure as SinkFailed).cause).toBe(refused)
  await driver.close()
})

test.each([new TypeError('no such column'), new InvalidOption('no such column')])(
  'a write that would only fail again ends the run with SinkFailed, and the next run begins with it: %s',
  async (cause) => {
    const outside = memorySink<string, string>()
    const failing = disturbed(outside, () => CompletableFuture.failed(cause))
    const driver = await jobDriver(jobTo(failing))
    const failure = await driver.send(lines, [record('a')]).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(SinkFailed)
    expect((failure as SinkFailed).message).toMatch(
      /^job 'write': sink 'memory' on 'lines', partition [01]: no such column$/,
    )
    await driver.restart()
    expect(valuesOf(outside.records())).toEqual(['a'])
    await driver.close()
  },
)

test('a writer that lost its partition to another one writes nothing, and goes on from where that one was', async () => {
  const outside = memorySink<string, string>()
  const ended = new CompletableFuture<void>()
  const place = { job: 'write', topic: 'lines', partition: 1, log: '0', clock: virtualClock(), ended }
  const stolen = disturbed(outside, () =>
    outside
      .open(place)
      .thenCompose((other) =>
        other.write([{ ...record('a'), headers: {}, offset: 0, idempotencyKey: 'by the other one' }], 1),
      ),
  )
  const driver = await jobDriver(jobTo(stolen))
  await driver.send(lines, [
    { ...record('a'), partition: 1 },
    { ...record('b'), partition: 1 },
  ])
  await driver.advance(1_000)
  expect(valuesOf(outside.records())).toEqual(['a', 'b'])
  await driver.close()
})

test('a seek back does not write again what is outside, and writes what an outside lacks that was set back', async () => {
  let outside = memorySink<string, string>()
  const current: Sink<string, string> = { ...outside, open: (place) => outside.open(place) }
  const driver = await jobDriver(jobTo(current))
  const send = (value: string) => driver.send(lines, [{ ...record(value), partition: 0 }])
  const seek = async (offset: number): Promise<void> => {
    const sought = driver.weir.group('write').seek(lines, { offset }, 0)
    await driver.advance(1_000)
    await sought
  }
  await send('a')
  await send('b')
  await seek(0)
  await send('c')
  expect(valuesOf(outside.records())).toEqual(['a', 'b', 'c'])
  outside = memorySink()
  await seek(1)
  expect(valuesOf(outside.records())).toEqual(['b', 'c'])
  await driver.close()
})

test('the outside of a storage that was removed is refused, instead of leaving the new records out', async () => {
  const outside = memorySink<string, string>()
  const first = await jobDriver(jobTo(outside))
  await first.send(lines, [record('a'), record('b')])
  await first.close()
  const clock = virtualClock()
  await clock.advance(5_000)
  const refused: unknown = await jobDriver(jobTo(outside), { disk: memoryDisk(), clock }).catch(
    (error: unknown) => error,
  )
  expect(refused).toBeInstanceOf(SinkMismatch)
  expect((refused as SinkMismatch).message).toMatch(
    /^job 'write': sink 'memory' on 'lines', partition [01]: it holds records of log 0, and is given those of 5000$/,
  )
})

test('a position that the topic has not reached is refused', async () => {
  const ahead: Sink<string, string> = {
    ...memorySink<string, string>(),
    open: () =>
      CompletableFuture.completed({
        position: 10,
        write: () => CompletableFuture.completed(undefined),
        close: () => CompletableFuture.completed(undefined),
      }),
  }
  const driver = await jobDriver(jobTo(ahead))
  await expect(driver.send(lines, [record('a')])).rejects.toThrow(
    /^job 'write': sink 'memory' on 'lines', partition \d: it is at offset 10, and the partition ends at 1; expected the storage/,
  )
  await driver.close()
})

test('a bad record before the position outside is still set aside after a crash', async () => {
  const outside = memorySink<string, string>()
  const timed = assignTimestamps<string, string>((value) => (value === 'bad' ? Number.NaN : 0))
  const writing = job('write').from(lines, timed).pipe(sink(outside))
  const faults = [
    strike(
      and(
        on('commit'),
        where(({ commit }) => (commit?.append.length ?? 0) > 0),
      ),
      crashBefore,
    ),
  ]
  const driver = await jobDriver(writing, {
    faults: faults.map((rule) => ({ ...rule, when: and(rule.when, nth(1)) })),
    badRecords: 'set-aside',
  })
  await driver.send(lines, [record('a'), record('bad'), record('b')])
  expect(valuesOf(outside.records())).toEqual(['a', 'b'])
  expect(driver.isRunning).toBe(false)
  await driver.restart()
  expect(driver.metrics().recordsBad).toBe(1)
  expect(valuesOf(outside.records())).toEqual(['a', 'b'])
  await driver.close()
})

describe('a sink that gathers records', () => {
  test('holds the position back until they are durable, and is given the rest again after a crash', async () => {
    const outside = gatheringSink(3)
    const driver = await jobDriver(jobTo(outside))
    for (const value of ['a', 'b', 'c', 'd']) await driver.send(lines, [record(value)])
    expect(outside.parts.map(valuesOf)).toEqual([['a', 'b', 'c']])
    expect(driver.metrics().lag).toBe(1)
    driver.crash()
    await driver.restart()
    await driver.send(lines, [record('e')])
    await driver.send(lines, [record('f')])
    expect(outside.parts.map(valuesOf)).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })

  test('has a bad record among what it gathers set aside once, however often that is read again', async () => {
    const asBytes = { name: 'bytes' }
    const raw = topic('raw-lines', { key: bytes, value: bytes })
    const decoded = topic('raw-lines', { key: { ...utf8, ...asBytes }, value: { ...utf8, ...asBytes } })
    const badRecords = topic('write-bad-records', { key: nullable(bytes), value: nullable(bytes) })
    const outside = gatheringSink(2)
    const driver = await jobDriver(job('write').from(decoded).pipe(sink(outside)), { badRecords: 'set-aside' })
    const send = (value: Uint8Array) => driver.send(raw, [{ key: utf8.encode('k'), value }])
    await send(utf8.encode('a'))
    await send(new Uint8Array([0xff]))
    driver.crash()
    await driver.restart()
    await send(utf8.encode('b'))
    expect(outside.parts.map(valuesOf)).toEqual([['a', 'b']])
    expect((await driver.output(badRecords)).map(({ headers }) => headers['weir.offset'])).toEqual(['1'])
    await driver.close()
  })

  test('is asked to flush when it is due', async () => {
    const outside = gatheringSink(100)
    const driver = await jobDriver(jobTo(outside))
    await driver.send(lines, [record('a')])
    await driver.advance(999)
    expect(outside.parts).toEqual([])
    await driver.advance(1)
    expect(outside.parts.map(valuesOf)).toEqual([['a']])
    expect(driver.metrics().lag).toBe(0)
    await driver.close()
  })

  test('is asked to flush at the end of a run to the end', async () => {
    const outside = gatheringSink(100)
    const driver = await jobDriver(jobTo(outside))
    await driver.send(lines, [record('a')])
    await driver.finish()
    expect(outside.parts.map(valuesOf)).toEqual([['a']])
    await driver.close()
  })
})

describe('a sink behind other operators', () => {
  test('reads a topic of the job of its own, so that it is given the same again after a crash', async () => {
    const outside = memorySink<string, number>('outside')
    const counting = job('count')
      .from(lines)
      .pipe(
        keyBy((line) => line[0]!, { key: utf8 }),
        count('counted'),
        sink(outside),
      )
    expect(counting.describe().stages.map(({ inputs }) => inputs.map((input) => input.topic))).toEqual([
      ['lines'],
      ['count-counted-repartition'],
      ['count-outside-sink'],
    ])
    const driver = await jobDriver(counting, { faults: [strike(and(on('commit'), nth(14)), crashAfter)] })
    for (const value of ['a1', 'a2', 'b1', 'a3', 'b2']) {
      await driver.send(lines, [record(value)])
      if (!driver.isRunning) await driver.restart()
    }
    const found = outside.records().map(({ key, value }) => [key, value])
    expect(found.filter(([key]) => key === 'a')).toEqual([1, 2, 3].map((value) => ['a', value]))
    expect(found.filter(([key]) => key === 'b')).toEqual([1, 2].map((value) => ['b', value]))
    await driver.close()
  })

  test('may be one of several, each in a line of a fork', async () => {
    const outsides = [memorySink<string, string>('first'), memorySink<string, string>('second')] as const
    const forked = job('forked')
      .from(lines)
      .pipe(
        fork(
          (line) => line.pipe(sink(outsides[0])),
          (line) =>
            line.pipe(
              filter((value) => value !== 'a'),
              sink(outsides[1]),
            ),
        ),
      )
    const driver = await jobDriver(forked)
    await driver.send(lines, [record('a'), record('b')])
    expect(outsides.map((outside) => valuesOf(outside.records()))).toEqual([['a', 'b'], ['b']])
    await driver.close()
  })
})

describe('nothing is lost, repeated or out of order', () => {
  const fault = fc.constantFrom('crash before', 'crash after', 'slow', 'no room')
  const faultOf = { 'crash before': crashBefore, 'crash after': crashAfter, slow: slow(3), 'no room': storageFull }
  const history = fc.record({
    batches: fc.array(
      fc.array(fc.record({ key: arbitraryKey(4), value: fc.string() }), { minLength: 1, maxLength: 6 }),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
    faults: fc.array(fc.record({ fault, commit: fc.integer({ min: 1, max: 8 }) }), { maxLength: 4 }),
    batchRecordsMax: fc.integer({ min: 1, max: 5 }),
    workers: fc.integer({ min: 1, max: 2 }),
  })

  test.each(['a sink that writes at once', 'a sink that gathers'])('by %s, whatever strikes the job', async (name) => {
    await fc.assert(
      fc.asyncProperty(history, async ({ batches, faults, batchRecordsMax, workers }) => {
        const gathering = gatheringSink(3)
        const memory = memorySink<string, string>()
        const plan: FaultPlan = faults.map(({ fault: kind, commit }) =>
          strike(and(on('commit'), nth(commit)), faultOf[kind]),
        )
        const isGathering = name === 'a sink that gathers'
        const driver = await jobDriver(jobTo(isGathering ? gathering : memory), {
          faults: plan,
          workers,
          run: { batchRecordsMax },
        })
        for (const batch of batches) {
          await driver.send(
            lines,
            batch.map(({ key, value }) => record(value, key)),
          )
          if (!driver.isRunning) await driver.restart()
        }
        for (let round = 0; round < 20; round++) {
          await driver.advance(2_000)
          if (!driver.isRunning) await driver.restart()
        }
        const sent = await driver.output(lines)
        const written = isGathering ? gathering.parts.flat() : memory.records()
        for (const partition of [0, 1]) {
          const expected = sent
            .filter((each) => each.partition === partition)
            .map(({ offset, value }) => [offset, value])
          const found = written
            .filter(({ idempotencyKey }) => idempotencyKey.startsWith(`write/lines/${partition}/`))
            .map(({ offset, value }) => [offset, value])
          expect(found).toEqual(expected)
        }
        await driver.close()
      }),
      { numRuns: 60 },
    )
  })
})

describe('what is wrong with a job is said before it starts', () => {
  test('something else than a sink', () => {
    expect(() => sink(undefined as unknown as Sink<string, string>)).toThrow(InvalidOption)
    expect(() => sink({ ...memorySink<string, string>(), name: 'a/b' })).toThrow(InvalidName)
    expect(() => sink({ ...memorySink<string, string>(), guarantee: 'at-most-once' as never })).toThrow(
      "sink 'memory': guarantee is \"at-most-once\"; expected 'exactly-once' or 'at-least-once'",
    )
  })

  test('something behind a sink, or beside it', () => {
    const copies = topic('copies', { key: utf8, value: utf8 })
    const first = sink(memorySink<string, string>('first'))
    const behind = job('write').from(lines).pipe(first, to(copies))
    expect(() => behind.describe()).toThrow(
      "job 'write': sink 'first' reads 'lines' by itself, but to 'copies' reads it too, or what comes out of it; expected it last",
    )
    expect(() =>
      job('write')
        .from(lines)
        .pipe(first, sink(memorySink('second')))
        .describe(),
    ).toThrow(InvalidJob)
    expect(() => job('write').from(lines).pipe(first).from(lines).pipe(to(copies)).describe()).toThrow(InvalidJob)
  })

  test('two sinks of one name', () => {
    const other = topic('others', { key: utf8, value: utf8 })
    const twice = job('write')
      .from(lines)
      .pipe(sink(memorySink('same')))
    const both = twice.from(other).pipe(sink(memorySink('same')))
    expect(() => both.describe()).toThrow(InvalidJob)
  })
})

test('the guarantee of a job follows from its sinks', () => {
  expect(guaranteeOf(jobTo(memorySink()))).toBe('exactly-once')
  expect(guaranteeOf(jobTo(callbackSink('send', () => undefined)))).toBe('at-least-once')
})
