import { int32, job, type Job, stream, topic, utf8 } from '@weir/core'
import { arbitraryKey, arbitraryRecords, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { join, leftJoin, outerJoin, to } from '../src/index.ts'

const left = topic('left', { key: utf8, value: int32 })
const right = topic('right', { key: utf8, value: int32 })
const found = topic('found', { key: utf8, value: utf8 })
const outOfOrdernessMs = 3

interface Sent {
  readonly key: string
  readonly value: number
  readonly timestamp: number
}
interface Read extends Sent {
  readonly watermark: number
}
interface Window {
  readonly beforeMs: number
  readonly afterMs: number
  readonly graceMs: number
}

const pair = (a: number | null, b: number | null) => `${a} ${b}`
const operators = { join, leftJoin, outerJoin }

const jobOf = (kind: keyof typeof operators, { beforeMs, afterMs, graceMs }: Window): Job =>
  job(kind)
    .from(left, { outOfOrdernessMs })
    .pipe(
      operators[kind]('j', stream(right, { outOfOrdernessMs }), pair, { within: { beforeMs, afterMs }, graceMs }),
      to(found),
    )

/** As each source would read its records. */
const read = (sent: ReadonlyArray<Sent>): ReadonlyArray<Read> => {
  let watermark = -Infinity
  return sent.map((record) => {
    watermark = Math.max(watermark, record.timestamp - outOfOrdernessMs)
    return { ...record, watermark }
  })
}

/** All pairs, and those who have none: key, values and time, in any order. */
const model = (
  kind: keyof typeof operators,
  lefts: ReadonlyArray<Read>,
  rights: ReadonlyArray<Read>,
  { beforeMs, afterMs, graceMs }: Window,
): ReadonlyArray<string> => {
  const results: string[] = []
  const alone = new Set<Read>([...(kind === 'join' ? [] : lefts), ...(kind === 'outerJoin' ? rights : [])])
  const reach = beforeMs + afterMs + graceMs
  for (const one of alone) if (one.watermark > one.timestamp + reach) alone.delete(one)
  for (const a of lefts) {
    for (const b of rights) {
      const isNear = b.timestamp >= a.timestamp - beforeMs && b.timestamp <= a.timestamp + afterMs
      const isInTime = b.watermark <= a.timestamp + afterMs + graceMs && a.watermark <= b.timestamp + beforeMs + graceMs
      if (a.key !== b.key || !isNear || !isInTime) continue
      results.push(`${a.key} ${pair(a.value, b.value)} @${Math.max(a.timestamp, b.timestamp)}`)
      alone.delete(a)
      alone.delete(b)
    }
  }
  for (const one of alone) {
    const both = lefts.includes(one) ? pair(one.value, null) : pair(null, one.value)
    results.push(`${one.key} ${both} @${one.timestamp}`)
  }
  return results.toSorted()
}

const records = arbitraryRecords({
  key: arbitraryKey(2),
  value: fc.nat(100),
  times: { startMs: -20, stepMsMax: 6, disorderMsMax: 25 },
  countMax: 25,
}).map((all) => all.map(({ key, value, timestamp }): Sent => ({ key, value, timestamp: timestamp! })))
const windows = fc.record({
  beforeMs: fc.integer({ min: 0, max: 12 }),
  afterMs: fc.integer({ min: 0, max: 12 }),
  graceMs: fc.constantFrom(0, 2, 9),
})

describe.each(['join', 'leftJoin', 'outerJoin'] as const)('%s', (kind) => {
  test('gives what a plain computation over all records gives, in any batches, with crashes', async () => {
    await fc.assert(
      fc.asyncProperty(
        records,
        records,
        windows,
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        async (lefts, rights, window, cut, crashes) => {
          const driver = await jobDriver(jobOf(kind, window), { run: { cacheEntriesMax: cut, batchRecordsMax: cut } })
          for (let from = 0; from < Math.max(lefts.length, rights.length); from += cut) {
            await driver.send(left, lefts.slice(from, from + cut))
            if (crashes) driver.crash()
            if (crashes) await driver.restart()
            await driver.send(right, rights.slice(from, from + cut))
          }
          await driver.finish()
          const output = await driver.output(found)
          expect(output.map(({ key, value, timestamp }) => `${key} ${value} @${timestamp}`).toSorted()).toEqual(
            model(kind, read(lefts), read(rights), window),
          )
          for (const name of ['j-left', 'j-right']) expect([...driver.store(name).windows()]).toEqual([])
          await driver.close()
        },
      ),
      { numRuns: 80 },
    )
  }, 60_000)
})
