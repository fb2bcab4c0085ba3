import { int32, job, type Job, type Topic, topic, utf8 } from '@weir/core'
import { arbitraryKey, arbitraryRecords, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aggregate, hopping, map, session, sliding, to, tumbling } from '../src/index.ts'
import type { Windows } from '../src/index.ts'
import { numbers, type Sent } from './support/through.ts'
import { hoppingSums, inTime, sessionSums, slidingSums, type WindowSum } from './support/windowModels.ts'

const found: Topic<string, string> = topic('found', { key: utf8, value: utf8 })
const outOfOrdernessMs = 3

const sum = {
  initial: () => 0,
  add: (total: number, value: number) => total + value,
  merge: (_: string, a: number, b: number) => a + b,
  codec: int32,
}

const sumsOf = (window: Windows): Job =>
  job('sums')
    .from(numbers, { outOfOrdernessMs })
    .pipe(
      window.kind === 'session' ? aggregate('sum', { ...sum, window }) : aggregate('sum', { ...sum, window }),
      map((total, { window: at }) => `${at.start} ${at.end} ${total}`),
      to(found),
    )

/** Runs the records in batches of a few, with crashes, and gives each window once, in the order of its end and key. */
const run = async (window: Windows, sent: ReadonlyArray<Sent>, cut: number, crashes: boolean): Promise<unknown> => {
  const driver = await jobDriver(sumsOf(window), { run: { cacheEntriesMax: cut } })
  for (let from = 0; from < sent.length; from += cut) {
    const records = sent.slice(from, from + cut)
    await driver.send(
      numbers,
      records.map(([key, value, timestamp = 0]) => ({ key, value, timestamp })),
    )
    if (crashes) driver.crash()
    if (crashes) await driver.restart()
  }
  await driver.finish()
  const output = await driver.output(found)
  expect(output.map(({ timestamp }) => timestamp)).toEqual(output.map(({ value }) => Number(value.split(' ')[1]) - 1))
  for (const name of driver.job.describe().stages[0]!.operators[0]!.stores) {
    const store = driver.store(name)
    const isWindows = name.endsWith('agenda') || window.kind === 'tumbling' || window.kind === 'hopping'
    expect([...(isWindows ? store.windows() : store.entries())], `${name} is empty at the end`).toEqual([])
  }
  await driver.close()
  return output.map(({ key, value }): WindowSum => [key, ...(value.split(' ').map(Number) as [number, number, number])])
}

const records = arbitraryRecords({
  key: arbitraryKey(3),
  value: fc.nat(100),
  times: { startMs: -20, stepMsMax: 6, disorderMsMax: 20 },
  countMax: 40,
}).map((all) => all.map(({ key, value, timestamp }): Sent => [key, value, timestamp!]))
const graceMs = fc.constantFrom(0, 2, 9)
const lengthMs = fc.integer({ min: 1, max: 12 })

describe('in any order, in any batches, with crashes, results are those of a plain computation', () => {
  const check = async (
    windowOf: (length: number, grace: number) => Windows,
    model: (sent: ReadonlyArray<Sent>, length: number, grace: number) => ReadonlyArray<WindowSum>,
  ): Promise<void> =>
    fc.assert(
      fc.asyncProperty(
        records,
        lengthMs,
        graceMs,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (sent, length, grace, cut, crashes) => {
          expect(await run(windowOf(length, grace), sent, cut, crashes)).toEqual(model(sent, length, grace))
        },
      ),
      { numRuns: 60 },
    )

  test('of sessions', async () => {
    await check(
      (gap, grace) => session(gap, { graceMs: grace }),
      (sent, gap, grace) => sessionSums(inTime(sent, outOfOrdernessMs, grace), gap),
    )
  }, 60_000)

  test('of sliding windows', async () => {
    await check(
      (size, grace) => sliding(size, { graceMs: grace }),
      (sent, size, grace) => slidingSums(inTime(sent, outOfOrdernessMs, grace), size),
    )
  }, 60_000)

  test('of hopping windows', async () => {
    await check(
      (size, grace) => hopping(size, { advanceMs: Math.ceil(size / 3), graceMs: grace }),
      (sent, sizeMs, grace) =>
        hoppingSums(sent, { sizeMs, advanceMs: Math.ceil(sizeMs / 3), graceMs: grace, outOfOrdernessMs }),
    )
  }, 60_000)

  test('of tumbling windows', async () => {
    await check(
      (size, grace) => tumbling(size, { graceMs: grace }),
      (sent, sizeMs, grace) => hoppingSums(sent, { sizeMs, advanceMs: sizeMs, graceMs: grace, outOfOrdernessMs }),
    )
  }, 60_000)
})
