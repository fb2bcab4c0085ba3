import { job, type Job } from '@weir/core'
import { arbitraryKey, arbitraryRecords, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { count, dedup, suppress, to, tumbling } from '../src/index.ts'
import { numbers, results, type Sent } from './support/through.ts'

const outOfOrdernessMs = 3
const source = () => job('j').from(numbers, { outOfOrdernessMs })

/** Sends the records in batches of a few, with crashes, and gives all results. */
const run = async (
  of: Job,
  sent: ReadonlyArray<Sent>,
  cut: number,
  crashes: boolean,
): Promise<ReadonlyArray<string>> => {
  const driver = await jobDriver(of, { run: { cacheEntriesMax: cut } })
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
  const output = await driver.output(results)
  await driver.close()
  return output.map(({ key, value, timestamp }) => `${key}@${timestamp}: ${value}`)
}

const records = arbitraryRecords({
  key: arbitraryKey(3),
  value: fc.nat(3),
  times: { stepMsMax: 6, disorderMsMax: 12 },
  countMax: 40,
}).map((all) => all.map(({ key, value, timestamp }): Sent => [key, value, timestamp!]))
const cut = fc.integer({ min: 1, max: 9 })
const withinMs = fc.integer({ min: 1, max: 15 })

/** Each record with how far event time has come with it. */
const withWatermarks = (sent: ReadonlyArray<Sent>) => {
  let latest = -Infinity
  return sent.map(([key, value, at = 0]) => {
    latest = Math.max(latest, at)
    return { key, value, at, watermark: latest - outOfOrdernessMs }
  })
}

describe('in any batches, with crashes, the results are those of a plain computation', () => {
  test('of suppress for a while', async () => {
    const model = (sent: ReadonlyArray<Sent>, untilMs: number): ReadonlyArray<string> => {
      const given: string[] = []
      const held = new Map<string, { readonly dueMs: number; readonly text: string }>()
      const giveUpTo = (reached: number): void => {
        const due = [...held].filter(([, { dueMs }]) => dueMs <= reached)
        for (const [key, { text }] of due.toSorted((a, b) => a[1].dueMs - b[1].dueMs || (a[0] < b[0] ? -1 : 1))) {
          given.push(text)
          held.delete(key)
        }
      }
      for (const { key, value, at, watermark } of withWatermarks(sent)) {
        giveUpTo(watermark)
        const dueMs = held.get(key)?.dueMs ?? watermark + untilMs
        held.set(key, { dueMs, text: `${key}@${at}: ${value}` })
      }
      giveUpTo(Infinity)
      return given
    }
    await fc.assert(
      fc.asyncProperty(records, withinMs, cut, fc.boolean(), async (sent, untilMs, ...how) => {
        const suppressed = source().pipe(suppress('s', { untilMs }), to(results))
        expect(await run(suppressed, sent, ...how)).toEqual(model(sent, untilMs))
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  test('of suppress until the close, behind each update of a window', async () => {
    await fc.assert(
      fc.asyncProperty(records, withinMs, fc.nat(9), cut, fc.boolean(), async (sent, size, graceMs, ...how) => {
        const window = tumbling(size, { graceMs })
        const closed = source().pipe(count('c', { window }), to(results))
        const suppressed = source().pipe(
          count('c', { window, emit: 'update' }),
          suppress('s', { until: 'close', graceMs }),
          to(results),
        )
        expect(await run(suppressed, sent, ...how)).toEqual(await run(closed, sent, 1_000, false))
      }),
      { numRuns: 40 },
    )
  }, 60_000)

  test('of dedup', async () => {
    const model = (sent: ReadonlyArray<Sent>, within: number): ReadonlyArray<string> => {
      const until = new Map<string, number>()
      return withWatermarks(sent).flatMap(({ key, value, at, watermark }) => {
        const id = `${key}/${value}`
        if (watermark < (until.get(id) ?? -Infinity)) return []
        until.set(id, watermark + within)
        return [`${key}@${at}: ${value}`]
      })
    }
    await fc.assert(
      fc.asyncProperty(records, withinMs, cut, fc.boolean(), async (sent, within, ...how) => {
        const deduped = source().pipe(dedup('d', { idOf: String, withinMs: within }), to(results))
        expect(await run(deduped, sent, ...how)).toEqual(model(sent, within))
      }),
      { numRuns: 60 },
    )
  }, 60_000)
})
