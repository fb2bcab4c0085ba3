import { int32, type Job, job, stream, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  type JobDriver,
  jobDriver,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  asOfJoin,
  count,
  filter,
  joinTable,
  leftJoinTable,
  map,
  merge,
  process,
  recordTimestamps,
  to,
  tumbling,
} from '../src/index.ts'

const clicks = topic('clicks', { key: utf8, value: utf8, partitions: 2 })
const users = topic('users', { key: utf8, value: utf8, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32 })
const idle = recordTimestamps({ idleAfterMs: 5_000 })

const perSecond = count<string, unknown>('c', { window: tumbling(1_000) })
const click = (key: string, timestamp: number) => ({ key, value: 'x', timestamp })
const closed = async (driver: JobDriver): Promise<ReadonlyArray<string>> =>
  (await driver.output(counts)).map(({ key, value, timestamp }) => `${key}@${timestamp}: ${value}`)

describe('event time behind a join with a table is that of the stream', () => {
  const tables = {
    'a topic': users,
    'a flow without state': stream(users).pipe(
      map((name) => name.trim()),
      filter((name) => name !== ''),
    ),
  }
  test.each(Object.entries(tables))('%s that is silent holds no window open', async (_what, table) => {
    const law = job('j')
      .from(clicks)
      .pipe(leftJoinTable('u', table, String), perSecond, to(counts))
    const driver = await jobDriver(law)
    await driver.send(users, [{ key: 'k', value: 'Ann', timestamp: 0 }])
    await driver.send(clicks, [click('k', 100), click('k', 2_000)])
    expect(await closed(driver)).toEqual(['k@999: 1'])
    driver.crash()
    await driver.restart()
    await driver.send(clicks, [click('k', 4_000)])
    expect(await closed(driver)).toEqual(['k@999: 1', 'k@2999: 1'])
    await driver.finish()
    await driver.close()
  })

  test('a table that is far ahead closes none', async () => {
    const law = job('j')
      .from(clicks)
      .pipe(leftJoinTable('u', users, String), perSecond, to(counts))
    const driver = await jobDriver(law)
    await driver.send(clicks, [click('k', 100)])
    await driver.send(users, [{ key: 'k', value: 'Ann', timestamp: 9_000 }])
    await driver.send(clicks, [click('k', 200)])
    expect(await closed(driver)).toEqual([])
    expect(driver.metrics().recordsLate).toBe(0)
    await driver.close()
  })

  test('a silent stream goes on with the clock, whatever its table does', async () => {
    const law = job('j')
      .from(clicks, idle)
      .pipe(leftJoinTable('u', users, String), perSecond, to(counts))
    const driver = await jobDriver(law)
    await driver.send(users, [{ key: 'k', value: 'Ann', timestamp: 0 }])
    await driver.send(clicks, [click('k', 100)])
    await driver.advance(5_000)
    expect(await closed(driver)).toEqual(['k@999: 1'])
    await driver.close()
  })

  test('timers fire by it', async () => {
    const law = job('j')
      .from(clicks)
      .pipe(
        joinTable('u', users, (_, name) => name),
        process('timed', {
          emits: int32,
          onRecord: ({ timestamp }, { timers }) => timers.event.set(timestamp + 10),
          onTimer: ({ timeMs }, { emit }) => emit(timeMs),
        }),
        to(counts),
      )
    const driver = await jobDriver(law)
    await driver.send(users, [{ key: 'k', value: 'Ann', timestamp: 0 }])
    await driver.send(clicks, [click('k', 100), click('k', 200)])
    expect((await driver.output(counts)).map(({ value }) => value)).toEqual([110])
    await driver.close()
  })

  const times = { stepMsMax: 900, disorderMsMax: 500 }
  const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.constant('x'), times, countMax: 12 })
  const law = job('j')
    .from(clicks)
    .pipe(
      leftJoinTable('u', users, (page) => page),
      perSecond,
      to(counts),
    )
  const options = { inputs: [inputTo(clicks, records), inputTo(users, records)], order: 'byKey' as const }

  test('windows are the same after any crash, in any batches, and under any options', async () => {
    await fc.assert(isExactlyOnce(law, options), { numRuns: 10 })
    await fc.assert(isBatchInvariant(law, options), { numRuns: 10 })
    await fc.assert(isOptionInvariant(law, options), { numRuns: 10 })
  }, 60_000)
})

describe('the event time of a table counts', () => {
  const jobs: ReadonlyArray<readonly [string, Job]> = [
    [
      'where the table is made by windows',
      job('j')
        .from(clicks)
        .pipe(
          leftJoinTable('u', stream(users).pipe(count('named', { window: tumbling(10) })), String),
          perSecond,
          to(counts),
        ),
    ],
    [
      'where records wait for it',
      job('j')
        .from(clicks)
        .pipe(asOfJoin('u', users, String, { historyMs: 10 }), perSecond, to(counts)),
    ],
    [
      'where its records go elsewhere too',
      job('j')
        .from(clicks)
        .pipe(leftJoinTable('u', users, String), merge(stream(users)), perSecond, to(counts)),
    ],
  ]
  test.each(jobs)('%s', async (_where, law) => {
    const driver = await jobDriver(law)
    await driver.send(users, [{ key: 'k', value: 'Ann', timestamp: 0 }])
    await driver.send(clicks, [click('k', 100), click('k', 2_000)])
    expect(await closed(driver)).toEqual([])
    await driver.send(users, [{ key: 'k', value: 'Ann', timestamp: 3_000 }])
    expect(await closed(driver)).toHaveLength(1)
    await driver.close()
  })
})

test('a task that has no partition of one of its topics goes on with the clock when the others are silent', async () => {
  const few = topic('few', { key: utf8, value: utf8 })
  const law = job('j')
    .from(clicks, idle)
    .pipe(merge(stream(few, idle)), perSecond, to(counts))
  const driver = await jobDriver(law)
  const send = (timestamp: number) => driver.send(clicks, [{ ...click('k', timestamp), partition: 1 }])
  await send(100)
  await driver.advance(5_000)
  expect(await closed(driver)).toEqual(['k@999: 1'])
  await send(7_000)
  expect(driver.metrics().recordsLate).toBe(0)
  await driver.finish()
  expect(await closed(driver)).toEqual(['k@999: 1', 'k@7999: 1'])
  await driver.close()
})
