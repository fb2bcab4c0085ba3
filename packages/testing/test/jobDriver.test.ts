import { expect, test } from 'vitest'
import { type ConsumedRecord, InvalidJob, InvalidOption, job, OperatorFailed, StorageFailed } from '@weir/core'
import {
  and,
  crashAfter,
  jobDriver,
  memoryDisk,
  nth,
  on,
  RecordsSetAside,
  storageFull,
  strike,
  virtualClock,
  where,
} from '@weir/testing'
import { counts, more, rekeyedCount, throwing, windowedCount, wordCount, words } from './jobs.ts'

const word = (key: string, timestamp = 0) => ({ key, value: key, timestamp })

const sorted = (records: ReadonlyArray<ConsumedRecord<string, number>>): ReadonlyArray<string> =>
  records.map(({ key, value }) => `${key}=${value}`).sort()

test('what is sent is processed when the send resolves, without time moving on', async () => {
  const driver = await jobDriver(wordCount)
  const sent = await driver.send(words, [word('a'), word('b'), word('a')])
  expect(sent.map(({ topic, duplicate }) => [topic, duplicate])).toEqual([
    ['words', false],
    ['words', false],
    ['words', false],
  ])
  expect(sorted(await driver.output(counts))).toEqual(['a=1', 'a=2', 'b=1'])
  expect([driver.store('by-word').get('a'), driver.store('by-word').get('c')]).toEqual([2, undefined])
  expect([driver.clock.now(), driver.isRunning]).toEqual([0, true])
  expect(driver.metrics()).toMatchObject({ recordsIn: 3, lag: 0 })
  await driver.close()
})

test('outputs come by partition and offset, and a topic that nobody wrote to is empty', async () => {
  const driver = await jobDriver(wordCount)
  await driver.send(
    words,
    'hgfedcba'.split('').map((key) => word(key)),
  )
  const places = (await driver.output(counts)).map(({ partition, offset }) => partition * 100 + offset)
  expect(places).toEqual(places.toSorted((left, right) => left - right))
  expect(places).toHaveLength(8)
  expect(await driver.output(more)).toEqual([])
  await driver.close()
})

test('a crash and a restart lose nothing and repeat nothing', async () => {
  const driver = await jobDriver(wordCount)
  await driver.send(words, [word('a')])
  driver.crash()
  expect(driver.isRunning).toBe(false)
  await driver.send(words, [word('a'), word('b')])
  expect(driver.store('by-word').get('a')).toBe(1)
  await driver.restart()
  expect(sorted(await driver.output(counts))).toEqual(['a=1', 'a=2', 'b=1'])
  await driver.close()
})

test('a restart of a job at work is an orderly one', async () => {
  const driver = await jobDriver(rekeyedCount, { workers: 3 })
  await driver.send(words, [word('a'), word('b')])
  await driver.restart()
  expect(driver.isRunning).toBe(true)
  await driver.send(words, [word('a')])
  expect(sorted(await driver.output(counts))).toEqual(['a=1', 'a=2', 'b=1'])
  await driver.close()
})

test('faults strike the job and nothing outside it, and a crash by a fault is no failure', async () => {
  const driver = await jobDriver(wordCount, { faults: [strike(and(on('commit'), nth(8)), crashAfter)] })
  for (let n = 0; n < 20; n++) await driver.send(words, [word('a')])
  expect(driver.isRunning).toBe(false)
  await driver.settle()
  await driver.restart()
  expect(driver.isRunning).toBe(true)
  expect(driver.store('by-word').get('a')).toBe(20)
  expect((await driver.output(counts)).map(({ value }) => value)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
  await driver.close()
})

test('what is tried again later goes on when time moves on', async () => {
  const processing = where(({ commit }) => commit !== undefined && commit.positions.length > 0)
  const driver = await jobDriver(wordCount, { faults: [strike(and(processing, nth(3)), storageFull)] })
  for (let n = 0; n < 5; n++) await driver.send(words, [word('a')])
  expect(driver.store('by-word').get('a')).toBe(2)
  await driver.advance(1_000)
  expect(driver.store('by-word').get('a')).toBe(5)
  await driver.close()
})

test('finish runs to the end of the sources, with all windows closed', async () => {
  const driver = await jobDriver(windowedCount, { workers: 2 })
  await driver.send(words, [word('a', 100), word('a', 200), word('b', 300), word('a', 1_500)])
  expect([...driver.store('by-second').windows()].length).toBeGreaterThan(0)
  await driver.finish()
  const windows = (await driver.output(counts)).map(
    ({ key, value, timestamp }) => `${key} until ${timestamp}: ${value}`,
  )
  expect(windows.sort()).toEqual(['a until 1999: 1', 'a until 999: 2', 'b until 999: 1'])
  expect([...driver.store('by-second').windows()]).toEqual([])
  expect(driver.isRunning).toBe(false)
  await driver.close()
})

test('a fault in the run to the end is said', async () => {
  const ending = where(
    ({ commit }) => commit?.fence !== undefined && commit.positions.every(({ from, next }) => from === next),
  )
  const driver = await jobDriver(wordCount, { faults: [strike(and(ending, nth(1)), crashAfter)] })
  await driver.send(words, [word('a'), word('b')])
  await expect(driver.finish()).rejects.toThrow(StorageFailed)
  await driver.close()
})

test('a failure of the job is a failure of the call, until the restart', async () => {
  const driver = await jobDriver(throwing)
  const bad = Array.from({ length: 11 }, () => ({ key: 'k', value: 'bad' }))
  await expect(driver.send(words, bad)).rejects.toThrow(OperatorFailed)
  await expect(driver.settle()).rejects.toThrow('of the operator')
  await expect(driver.restart()).rejects.toThrow(OperatorFailed)
  await driver.close()
})

const bad = (value: string) => ({ key: 'k', value })

test('a record that the job sets aside fails the call, once, with what was thrown', async () => {
  const driver = await jobDriver(throwing)
  await expect(driver.send(words, [bad('good'), bad('bad')])).rejects.toThrow(RecordsSetAside)
  await driver.settle()
  await expect(driver.send(words, [bad('bad'), bad('bad')])).rejects.toThrow(
    "job 'throwing' set 2 records aside:\n  topic 'words', partition 0, offset 2 (processing): ",
  )
  await expect(driver.send(words, [bad('bad')])).rejects.toThrow('of the operator')
  expect(await driver.output(more)).toHaveLength(1)
  await driver.close()
})

test('a test that is about records that are set aside says so', async () => {
  const driver = await jobDriver(throwing, { badRecords: 'set-aside' })
  await driver.send(words, [bad('good'), bad('bad')])
  expect(driver.metrics().recordsBad).toBe(1)
  await driver.close()
  await expect(jobDriver(throwing, { badRecords: 'ignore' as 'reject' })).rejects.toThrow("badRecords is 'ignore'")
})

test('what was set aside before the driver was there is no news', async () => {
  const disk = memoryDisk()
  const first = await jobDriver(throwing, { disk, badRecords: 'set-aside' })
  await first.send(words, [bad('bad')])
  await first.close()
  const second = await jobDriver(throwing, { disk })
  await second.send(words, [bad('good')])
  await second.close()
})

test('more workers than tasks are at work all the same', async () => {
  const driver = await jobDriver(wordCount, { workers: 5 })
  await driver.send(words, [word('a'), word('b')])
  expect(driver.isRunning).toBe(true)
  await driver.finish()
  expect([driver.isRunning, driver.store('by-word').get('a')]).toEqual([false, 1])
  await driver.close()
})

test('a job that cannot run is refused at the start', async () => {
  await expect(jobDriver(job('nothing'))).rejects.toThrow(InvalidJob)
  await expect(jobDriver(wordCount, { workers: 0 })).rejects.toThrow(InvalidOption)
})

test.each([
  [undefined, 'undefined'],
  ['word-count', '"word-count"'],
  [words, 'an object'],
])('what is no job is refused at the start: %o', async (given, shown) => {
  const driving = jobDriver(given as never)
  await expect(driving).rejects.toThrow(InvalidJob)
  await expect(driving).rejects.toThrow(`jobDriver: the job is ${shown}; expected one such as job(`)
})

test('what is no topic is refused where it is sent to and looked at', async () => {
  const driver = await jobDriver(wordCount)
  await expect(driver.send('words' as never, [])).rejects.toThrow(
    'driver.send: the topic is "words"; expected one such',
  )
  await expect(driver.output(undefined as never)).rejects.toThrow('driver.output: the topic is undefined; expected one')
})

test('a driver may go on with the disk and the clock of another one', async () => {
  const [disk, clock] = [memoryDisk(), virtualClock(5_000)]
  const first = await jobDriver(wordCount, { disk, clock })
  await first.send(words, [word('a')])
  await first.close()
  const second = await jobDriver(wordCount, { disk, clock })
  await second.send(words, [word('a')])
  expect(second.store('by-word').get('a')).toBe(2)
  await second.close()
})
