import { int, int32, type Job, job, json, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  jobDriver,
  type LawInput,
} from '@weir/testing'
import fc from 'fast-check'
import * as t from 'io-ts'
import { describe, expect, test } from 'vitest'
import { keyBy, listState, mapState, process, to, valueState } from '../src/index.ts'

const Step = t.intersection([
  t.type({ kind: t.string, at: t.number }),
  t.partial({ name: t.string, subkey: t.string, value: t.number }),
])
type Step = t.TypeOf<typeof Step>

const steps = topic('steps', { key: utf8, value: json(Step, { name: 'Step' }), partitions: 3 })
const said = topic('said', { key: utf8, value: utf8, partitions: 2 })
const aside = topic('aside', { key: utf8, value: int32 })

/** The state of one key, as the operator and the model have it. */
interface Held {
  readonly total: { get(): number | undefined; put(value: number): void; clear(): void }
  readonly prices: { put(subkey: string, value: number): void; delete(subkey: string): void }
  readonly prints: () => string
  readonly trace: { add(value: number): void; shift(): number | undefined }
}
interface Timers {
  set(timeMs: number, name: string): void
  cancel(timeMs: number, name: string): void
}

/** What is done with a record; the same code over the real state and over the model's. */
const work = ({ kind, at, name = '', subkey = '', value = 0 }: Step, held: Held, timers: Timers): void => {
  if (kind === 'add') held.total.put((held.total.get() ?? 0) + value)
  else if (kind === 'clear') held.total.clear()
  else if (kind === 'put') held.prices.put(subkey, value)
  else if (kind === 'delete') held.prices.delete(subkey)
  else if (kind === 'push') held.trace.add(value)
  else if (kind === 'shift') held.trace.shift()
  else if (kind === 'set') timers.set(at, name)
  else if (kind === 'cancel') timers.cancel(at, name)
}

/** What is done with a timer: some set others, some of them in the past. */
const fire = (timeMs: number, name: string, held: Held, timers: Timers): string => {
  if (name === 'again') timers.set(timeMs + 300, 'last')
  if (name === 'back') timers.set(timeMs - 300, 'last')
  if (name === 'stop') timers.cancel(timeMs, 'z')
  held.total.put((held.total.get() ?? 0) + 1)
  return `${timeMs}${name} ${held.prints()}`
}

const machine: Job = job('machine')
  .from(steps)
  .pipe(
    process('machine', {
      state: { total: valueState(int32), prices: mapState(utf8, int32), trace: listState(int32) },
      outputs: { aside },
      emits: utf8,
      onRecord: ({ value: step }, { state, timers, emit, outputs, key }) => {
        work(step, { ...state, prints: () => '' }, timers.event)
        if (step.kind === 'say') emit(prints(state))
        if (step.kind === 'shift') outputs.aside.send(key, state.total.get() ?? 0)
      },
      onTimer: ({ timeMs, name }, { state, timers, emit }) =>
        emit(fire(timeMs, name, { ...state, prints: () => prints(state) }, timers.event)),
    }),
    to(said),
  )

const prints = (state: {
  readonly total: { get(): number | undefined }
  readonly prices: { entries(): Iterable<readonly [string, number]> }
  readonly trace: { values(): Iterable<number> }
}): string =>
  `${state.total.get()} ${[...state.prices.entries()].map(([of, price]) => `${of}${price}`).join()} ${[...state.trace.values()].join()}`

class ModelKey {
  readonly values: { total: number | undefined; prices: Map<string, number>; trace: number[] } = {
    total: undefined,
    prices: new Map(),
    trace: [],
  }

  get held(): Held {
    const { values } = this
    return {
      total: {
        get: () => values.total,
        put: (value) => (values.total = value),
        clear: () => (values.total = undefined),
      },
      prices: {
        put: (of, price) => values.prices.set(of, price),
        delete: (of) => values.prices.delete(of),
      },
      prints: () => this.prints(),
      trace: { add: (value) => values.trace.push(value), shift: () => values.trace.shift() },
    }
  }

  prints(): string {
    const { total, prices, trace } = this.values
    const sorted = [...prices].toSorted(([a], [b]) => (a < b ? -1 : 1))
    return `${total} ${sorted.map(([of, price]) => `${of}${price}`).join()} ${trace.join()}`
  }
}

/** What the job is to say, record by record. */
const modelOf = (
  records: ReadonlyArray<{ readonly key: string; readonly value: Step; readonly timestamp: number }>,
): ReadonlyArray<string> => {
  const lines: string[] = []
  const keys = new Map<string, ModelKey>()
  const keyOf = (key: string): ModelKey => {
    const found = keys.get(key) ?? new ModelKey()
    keys.set(key, found)
    return found
  }
  let timers: Array<{ readonly key: string; readonly at: number; readonly name: string }> = []
  const timersOf = (key: string): Timers => ({
    set: (at, name) => {
      timersOf(key).cancel(at, name)
      timers.push({ key, at, name })
    },
    cancel: (at, name) => {
      timers = timers.filter((each) => each.key !== key || each.at !== at || each.name !== name)
    },
  })
  const fireUntil = (watermark: number): void => {
    for (;;) {
      const [first] = timers
        .filter(({ at }) => at < watermark)
        .toSorted((a, b) => a.at - b.at || order(a.key, b.key) || order(a.name, b.name))
      if (first === undefined) return
      const { key, at, name } = first
      timersOf(key).cancel(at, name)
      lines.push(`${key}@${at}: ${fire(at, name, keyOf(key).held, timersOf(key))}`)
    }
  }
  let watermark = -Infinity
  for (const { key, value, timestamp } of records) {
    watermark = Math.max(watermark, timestamp)
    fireUntil(watermark)
    work(value, keyOf(key).held, timersOf(key))
    if (value.kind === 'say') lines.push(`${key}@${timestamp}: ${keyOf(key).prints()}`)
  }
  fireUntil(watermark)
  return lines
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('add', 'clear', 'put', 'delete', 'push', 'shift', 'say', 'set', 'set', 'set', 'cancel'),
  at: fc.nat(10).map((n) => n * 100),
  name: fc.constantFrom('', 'again', 'back', 'stop', 'z'),
  subkey: fc.constantFrom('a', 'b', 'c'),
  value: fc.nat(9),
})
/** Timestamps go up by steps, and now and then back. */
const records = arbitraryRecords({ key: arbitraryKey(3), value: step, countMax: 14 }).map((all) =>
  all.map((record, n) => ({ ...record, timestamp: n * 90 - (n % 4 === 3 ? 150 : 0) })),
)

describe('process', () => {
  test('computes what a plain loop over the records does', async () => {
    await fc.assert(
      fc.asyncProperty(
        records,
        fc.integer({ min: 1, max: 8 }),
        fc.nat(2),
        async (all, batchRecordsMax, cacheEntriesMax) => {
          const driver = await jobDriver(machine, { run: { batchRecordsMax, cacheEntriesMax } })
          // all in one partition, so that the model knows their order
          await driver.send(
            steps,
            all.map((record) => ({ ...record, partition: 0 })),
          )
          const found = await driver.output(said)
          await driver.close()
          const lines = modelOf(all)
          for (const key of new Set(all.map((each) => each.key))) {
            const ofKey = (line: string): boolean => line.startsWith(`${key}@`)
            const foundLines = found.map((each) => `${each.key}@${each.timestamp}: ${each.value}`)
            expect(foundLines.filter(ofKey)).toEqual(lines.filter(ofKey))
          }
          expect(found).toHaveLength(lines.length)
        },
      ),
      { numRuns: 120 },
    )
  })

  const input: LawInput = inputTo(steps, records)
  const options = { inputs: [input], order: 'byKey' as const }

  test('is the same after any crash, timers too', async () => {
    await fc.assert(isExactlyOnce(machine, options), { numRuns: 25 })
  }, 60_000)

  test('is the same in any batches', async () => {
    await fc.assert(isBatchInvariant(machine, options), { numRuns: 20 })
  }, 60_000)

  test('is the same under any options', async () => {
    await fc.assert(isOptionInvariant(machine, options), { numRuns: 20 })
  }, 60_000)

  test('makes windows behind a repartition that do not depend on how its sources meet', async () => {
    const perSecond = job('per-second')
      .from(steps)
      .pipe(
        keyBy(({ subkey = '' }) => subkey, { partitions: 2 }),
        process('per-second', {
          state: { sums: mapState(int, int32) },
          emits: int32,
          onRecord: ({ value: { value = 0 }, timestamp }, { state: { sums }, timers, watermark }) => {
            const last = Math.floor(timestamp / 300) * 300 + 299
            if (watermark() > last) return
            sums.put(last, (sums.get(last) ?? 0) + value)
            timers.event.set(last)
          },
          onTimer: ({ timeMs }, { state: { sums }, emit }) => {
            emit(sums.get(timeMs) ?? -1)
            sums.delete(timeMs)
          },
        }),
        to(aside),
      )
    await fc.assert(isExactlyOnce(perSecond, { inputs: [input], order: 'unordered' }), { numRuns: 15 })
    await fc.assert(isBatchInvariant(perSecond, { inputs: [input], order: 'unordered' }), { numRuns: 15 })
    await fc.assert(isOptionInvariant(perSecond, { inputs: [input], order: 'unordered' }), { numRuns: 15 })
  }, 60_000)

  test('fires each timer of the wall clock once, after any crash, in any batches, and under any options', async () => {
    const alarms = job('alarms')
      .from(steps)
      .pipe(
        process('alarms', {
          state: { fired: valueState(int32) },
          emits: utf8,
          onRecord: ({ value: { at, name = '' } }, { timers: { processing } }) => processing.set(at, name),
          onTimer: ({ timeMs, name }, { state, emit }) => {
            state.fired.put((state.fired.get() ?? 0) + 1)
            emit(`${timeMs} ${name}`)
          },
        }),
        to(said),
      )
    // no two timers are the same, since how often one fires that is set anew depends on when it has fired
    const once: fc.Arbitrary<Step> = fc.record({
      kind: fc.constant('set'),
      at: fc.nat(900),
      name: fc.nat(2 ** 30).map(String),
    })
    const inputs = [inputTo(steps, arbitraryRecords({ key: arbitraryKey(3), value: once, countMax: 14 }))]
    const ofAlarms = { inputs, order: 'unordered', timestamps: false } as const
    await fc.assert(isExactlyOnce(alarms, ofAlarms), { numRuns: 20 })
    await fc.assert(isBatchInvariant(alarms, ofAlarms), { numRuns: 10 })
    await fc.assert(isOptionInvariant(alarms, ofAlarms), { numRuns: 10 })
  }, 60_000)
})
