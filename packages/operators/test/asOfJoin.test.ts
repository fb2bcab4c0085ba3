import { int32, InvalidOption, job, nullable, stream, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  jobDriver,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asOfJoin, leftAsOfJoin, to } from '../src/index.ts'

const left = topic('left', { key: utf8, value: int32, partitions: 2 })
const right = topic('right', { key: utf8, value: nullable(int32), partitions: 2 })
const found = topic('found', { key: utf8, value: utf8 })
const late = topic('late', { key: utf8, value: int32 })
const pair = (a: number, b: number | null) => `${a} ${b}`
const outOfOrdernessMs = 3

interface Settings {
  readonly historyMs: number
  readonly graceMs: number
}

const jobOf = (settings: Settings) =>
  job('as-of')
    .from(left, { outOfOrdernessMs })
    .pipe(leftAsOfJoin('t', stream(right, { outOfOrdernessMs }), pair, { ...settings, late }), to(found))

interface Sent {
  readonly key: string
  readonly value: number | null
  readonly timestamp: number
}

/** As a source of one partition would read its records. */
const read = <R extends Sent>(sent: ReadonlyArray<R>) => {
  let watermark = -Infinity
  return sent.map((record) => {
    watermark = Math.max(watermark, record.timestamp - outOfOrdernessMs)
    return { ...record, watermark }
  })
}

const model = (lefts: ReadonlyArray<Sent>, rights: ReadonlyArray<Sent>, { historyMs, graceMs }: Settings) => {
  const keepMs = Math.max(historyMs, graceMs)
  const isInTime = ({ timestamp, watermark }: { timestamp: number; watermark: number }) =>
    watermark <= timestamp + keepMs
  const versions = read(rights).filter(isInTime)
  return read(lefts)
    .filter(isInTime)
    .map(({ key, value, timestamp }) => {
      const seen = versions
        .filter(
          (version) =>
            version.key === key && version.timestamp <= timestamp && version.watermark <= timestamp + graceMs,
        )
        .toSorted((a, b) => a.timestamp - b.timestamp)
        .at(-1)
      return `${key} ${value} ${seen?.value ?? null} @${timestamp}`
    })
    .toSorted()
}

const times = { startMs: -20, stepMsMax: 6, disorderMsMax: 25 }
const sent = <V extends number | null>(value: fc.Arbitrary<V>) =>
  arbitraryRecords({ key: arbitraryKey(2), value, times, countMax: 25 }).map((all) =>
    all.map(({ key, value: each, timestamp }) => ({ key, value: each, timestamp: timestamp! })),
  )
const lefts = sent(fc.nat(100))
const rights = sent(fc.oneof({ weight: 4, arbitrary: fc.nat(100) }, fc.constant(null)))
const settings = fc.record({ historyMs: fc.constantFrom(0, 5, 30), graceMs: fc.constantFrom(0, 2, 9) })

describe('asOfJoin', () => {
  test('gives what a plain computation over all records gives, in any batches, with crashes', async () => {
    const one = {
      left: topic('left', { key: utf8, value: int32 }),
      right: topic('right', { key: utf8, value: nullable(int32) }),
    }
    await fc.assert(
      fc.asyncProperty(
        lefts,
        rights,
        settings,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (as, bs, given, cut, crashes) => {
          const law = job('as-of')
            .from(one.left, { outOfOrdernessMs })
            .pipe(leftAsOfJoin('t', stream(one.right, { outOfOrdernessMs }), pair, given), to(found))
          const driver = await jobDriver(law, { run: { cacheEntriesMax: cut, batchRecordsMax: cut } })
          for (let from = 0; from < Math.max(as.length, bs.length); from += cut) {
            await driver.send(one.left, as.slice(from, from + cut))
            if (crashes) driver.crash()
            if (crashes) await driver.restart()
            await driver.send(one.right, bs.slice(from, from + cut))
          }
          await driver.finish()
          const output = await driver.output(found)
          expect(output.map(({ key, value, timestamp }) => `${key} ${value} @${timestamp}`).toSorted()).toEqual(
            model(as, bs, given),
          )
          expect([...driver.store('t-waiting').windows()]).toEqual([])
          const versions = [...driver.weir.mapStore<string, unknown, { value: unknown }>(law, 't').entries()]
          // at the end of time one value of each key is left, if it has one
          expect(new Set(versions.map(({ key }) => key)).size).toBe(versions.length)
          expect(versions.filter(({ value }) => value.value === null)).toEqual([])
          await driver.close()
        },
      ),
      { numRuns: 120 },
    )
  }, 60_000)

  test('drops a record for whose key there was nothing, and sets late ones aside', async () => {
    const law = job('as-of')
      .from(left)
      .pipe(asOfJoin('t', right, pair, { historyMs: 10, late, codecs: { left: int32, right: int32 } }), to(found))
    const driver = await jobDriver(law)
    await driver.send(
      right,
      [10, 20, 30].map((timestamp) => ({ key: 'k', value: timestamp, timestamp })),
    )
    await driver.send(
      left,
      [9, 10, 25, 26, 16, 15].map((timestamp) => ({ key: 'k', value: timestamp, timestamp })),
    )
    await driver.finish()
    expect((await driver.output(found)).map(({ value }) => value)).toEqual(['10 10', '16 10', '25 20', '26 20'])
    expect((await driver.output(late)).map(({ value }) => value)).toEqual([15])
    await driver.close()
  })

  const options = { inputs: [inputTo(left, lefts), inputTo(right, rights)], order: 'unordered' as const }
  const law = jobOf({ historyMs: 12, graceMs: 4 })

  test('is the same after any crash', () => fc.assert(isExactlyOnce(law, options), { numRuns: 20 }), 60_000)

  test('is the same in any batches', () => fc.assert(isBatchInvariant(law, options), { numRuns: 15 }), 60_000)

  test('is the same under any options', () => fc.assert(isOptionInvariant(law, options), { numRuns: 15 }), 60_000)

  test.each([
    [{ historyMs: -1 }, "asOfJoin 't': historyMs is -1; expected milliseconds of at least 0"],
    [{ historyMs: 1, graceMs: NaN }, "asOfJoin 't': graceMs is NaN; expected milliseconds of at least 0"],
    [{ historyMs: 1, history: 1 }, "asOfJoin 't': there is no option 'history'"],
  ])('refuses %j', (given, message) => {
    expect(() => asOfJoin('t', right, pair, given)).toThrow(InvalidOption)
    expect(() => asOfJoin('t', right, pair, given)).toThrow(message)
  })
})
