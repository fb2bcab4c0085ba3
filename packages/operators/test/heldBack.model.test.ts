import { job, type Job } from '@weir/core'
import { arbitraryKey, arbitraryRecords, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { count, dedup, suppress, to, tumbling } from '../src/index.ts'
import { clockwise, type Cut, sendCut } from './support/sendCut.ts'
import { numbers, results, type Sent } from './support/through.ts'

/** Runs the records, and gives all results. */
const run = async (of: Job, sent: ReadonlyArray<Sent>, how: Cut): Promise<ReadonlyArray<string>> => {
  const driver = await jobDriver(of, { run: { cacheEntriesMax: how.cut } })
  await sendCut(driver, sent, how)
  await (how.byClock === true ? driver.advance(100) : driver.finish())
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
const how = fc.record({ cut: fc.integer({ min: 1, max: 9 }), crashes: fc.boolean() })
const withinMs = fc.integer({ min: 1, max: 15 })

describe.each([
  ['event', 3, 40],
  ['processing', 0, 10],
] as const)(
  'in any batches, with crashes, by %s time, the results are those of a plain computation',
  (time, outOfOrdernessMs, numRuns) => {
    const byClock = time === 'processing'
    const source = () => job('j').from(numbers, { outOfOrdernessMs })
    const sents = byClock ? records.map(clockwise) : records

    /** Each record with how far time has come with it. */
    const withTimes = (sent: ReadonlyArray<Sent>) => {
      let latest = -Infinity
      return sent.map(([key, value, at = 0]) => {
        latest = Math.max(latest, at)
        return { key, value, at, now: latest - outOfOrdernessMs }
      })
    }

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
        for (const { key, value, at, now } of withTimes(sent)) {
          giveUpTo(now)
          const dueMs = held.get(key)?.dueMs ?? now + untilMs
          held.set(key, { dueMs, text: `${key}@${at}: ${value}` })
        }
        giveUpTo(Infinity)
        return given
      }
      await fc.assert(
        fc.asyncProperty(sents, withinMs, how, async (sent, untilMs, cut) => {
          const suppressed = source().pipe(suppress('s', { untilMs, time }), to(results))
          expect(await run(suppressed, sent, { ...cut, byClock })).toEqual(model(sent, untilMs))
        }),
        { numRuns },
      )
    }, 60_000)

    test('of suppress until the close, behind each update of a window', async () => {
      await fc.assert(
        fc.asyncProperty(sents, withinMs, fc.nat(9), how, async (sent, size, grace, cut) => {
          const graceMs = byClock ? 0 : grace
          const window = tumbling(size, { graceMs, time })
          const closed = source().pipe(count('c', { window }), to(results))
          const suppressed = source().pipe(
            count('c', { window, emit: 'update' }),
            suppress('s', { until: 'close', graceMs, time }),
            to(results),
          )
          expect(await run(suppressed, sent, { ...cut, byClock })).toEqual(
            await run(closed, sent, { cut: 1_000, crashes: false, byClock }),
          )
        }),
        { numRuns: numRuns * 0.7 },
      )
    }, 60_000)

    test('of dedup', async () => {
      const model = (sent: ReadonlyArray<Sent>, within: number): ReadonlyArray<string> => {
        const until = new Map<string, number>()
        return withTimes(sent).flatMap(({ key, value, at, now }) => {
          const id = `${key}/${value}`
          if (now < (until.get(id) ?? -Infinity)) return []
          until.set(id, now + within)
          return [`${key}@${at}: ${value}`]
        })
      }
      await fc.assert(
        fc.asyncProperty(sents, withinMs, how, async (sent, within, cut) => {
          const deduped = source().pipe(dedup('d', { idOf: String, withinMs: within, time }), to(results))
          expect(await run(deduped, sent, { ...cut, byClock })).toEqual(model(sent, within))
        }),
        { numRuns },
      )
    }, 60_000)
  },
)
