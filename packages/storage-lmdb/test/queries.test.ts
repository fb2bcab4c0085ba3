import type { KeyRange, ProducerRecord, SubkeyRange, Weir, WeirSnapshot, WindowRange } from '@weir/core'
import { expect, test, vi } from 'vitest'
import { runFixture } from './child.ts'
import { openWeir } from './support/openWeir.ts'
import { sales, sums, tally } from './support/tallyJob.ts'

const keys = Array.from({ length: 20 }, (_, n) => `k${String(n).padStart(2, '0')}`)
const partRecords = 60

/** The n-th sale: 25 a second, of each key in turn. */
const sale = (n: number): ProducerRecord<string, number> & { readonly key: string; readonly timestamp: number } => ({
  key: keys[n % keys.length]!,
  value: n,
  timestamp: n * 40,
})

const salesFrom = (first: number, count: number) => Array.from({ length: count }, (_, n) => sale(first + n))

const secondOf = ({ timestamp }: { readonly timestamp: number }): number => Math.floor(timestamp / 1_000)

const sumOf = (all: ReadonlyArray<{ readonly value: number }>): number => all.reduce((sum, { value }) => sum + value, 0)

/** Which part of something, as all queries take it. */
interface Part<B> {
  readonly from?: B | undefined
  readonly to?: B | undefined
  readonly limit?: number | undefined
  readonly reverse?: boolean | undefined
}

/** What a query is to give of what is there in order. */
const partOf = <A, B extends string | number>(
  all: ReadonlyArray<A>,
  boundOf: (each: A) => B,
  part: Part<B>,
): ReadonlyArray<A> => {
  const { from, to, limit, reverse = false } = part
  const within = all.filter(
    (each) => (from === undefined || boundOf(each) >= from) && (to === undefined || boundOf(each) < to),
  )
  return (reverse ? within.toReversed() : within).slice(0, limit)
}

/** Two stores and a topic as of one moment, which must fit together; gives how many sales that was after. */
const momentOf = async (snapshot: WeirSnapshot): Promise<number> => {
  const read = snapshot.positions(tally).reduce((sum, { position }) => sum + position, 0)
  const bySecond = [...snapshot.mapStore<string, number, number>(tally, 'tally-seconds').entries()]
  const last = new Map<string, number>()
  let written = 0
  for await (const record of snapshot.topic(sums)) {
    if (record._tag !== 'Record') throw new Error(record.failure.reason)
    last.set(record.key, record.value)
    written++
  }
  // the topic is read while the job goes on
  const totals = [...snapshot.store<string, number>(tally, 'tally-sum').entries()]
  expect(written).toBe(read)
  expect(new Map(totals)).toEqual(last)
  expect(totals.map(([key]) => [key, sumOf(bySecond.filter((each) => each.key === key))])).toEqual(totals)
  return read
}

const keyRanges: ReadonlyArray<KeyRange<string>> = [
  {},
  { from: 'k05', to: 'k12' },
  { from: 'k05', to: 'k12', reverse: true },
  { from: 'k03', reverse: true, limit: 4 },
  { to: 'k15', limit: 1 },
  { from: 'k1', limit: 100 },
  { from: 'k12', to: 'k05' },
]

const windowRanges: ReadonlyArray<WindowRange<string>> = [
  {},
  { from: 2_000, to: 5_000 },
  { from: 1_999, reverse: true, limit: 7 },
  { key: 'k03' },
  { key: 'k03', from: 2_000, to: 6_000, reverse: true, limit: 2 },
  { key: 'k99' },
]

const subkeyRanges: ReadonlyArray<SubkeyRange<number>> = [
  {},
  { from: 1, to: 4 },
  { from: 2, reverse: true },
  { to: 5, reverse: true, limit: 2 },
  { from: 3, limit: 1 },
]

/** Asks each store in each way, when the job has read so many sales. */
const expectAnswers = (weir: Weir, count: number): void => {
  const all = salesFrom(0, count)
  const totals = keys.map((key) => [key, sumOf(all.filter((each) => each.key === key))] as const)
  const sumsNow = weir.store<string, number>(tally, 'tally-sum')
  expect([...keys, 'k99'].map((key) => sumsNow.get(key))).toEqual([...totals.map(([, sum]) => sum), undefined])
  for (const range of keyRanges) {
    expect([...sumsNow.range(range)], JSON.stringify(range)).toEqual(partOf(totals, ([key]) => key, range))
  }

  const seconds = [...new Set(all.map(secondOf))]
  const ofSecond = (key: string, second: number) => all.filter((each) => each.key === key && secondOf(each) === second)
  const windows = seconds.flatMap((second) =>
    keys.flatMap((key) => {
      const value = ofSecond(key, second).length
      return value === 0 ? [] : { windowStart: second * 1_000, key, value }
    }),
  )
  const counted = weir.store<string, number>(tally, 'counted')
  for (const range of windowRanges) {
    const ofKey = windows.filter(({ key }) => range.key === undefined || range.key === key)
    const expected = partOf(ofKey, ({ windowStart }) => windowStart, range)
    expect([...counted.windows(range)], JSON.stringify(range)).toEqual(expected)
  }
  expect(windows.map(({ key, windowStart }) => counted.window(key, windowStart))).toEqual(
    windows.map(({ value }) => value),
  )
  expect(keys.map((key) => counted.get(key))).toEqual(
    keys.map((key) => windows.findLast((each) => each.key === key)!.value),
  )

  const bySecond = weir.mapStore<string, number, number>(tally, 'tally-seconds')
  const maps = keys.map((key) =>
    seconds.flatMap((second) => {
      const of = ofSecond(key, second)
      return of.length === 0 ? [] : { key, subkey: second, value: sumOf(of) }
    }),
  )
  expect([...bySecond.entries()]).toEqual(maps.flat())
  expect(maps.flat().map(({ key, subkey }) => bySecond.get(key, subkey))).toEqual(maps.flat().map(({ value }) => value))
  for (const range of subkeyRanges) {
    const expected = partOf(maps[7]!, ({ subkey }) => subkey, range).map(({ subkey, value }) => [subkey, value])
    expect([...bySecond.range(keys[7]!, range)], JSON.stringify(range)).toEqual(expected)
  }
}

test('any process asks the stores of a job that another one runs: by key, range, window, map, and as of one moment', async () => {
  const { weir, path } = await openWeir()
  const producer = await weir.producer(sales)
  await producer.appendAll(salesFrom(0, partRecords))
  const child = runFixture('tallying', [path])
  await child.line('running')

  const moments = new Set<number>()
  let sent = partRecords
  while (moments.size < 5) {
    await producer.appendAll(salesFrom(sent, partRecords))
    sent += partRecords
    const snapshot = weir.snapshot()
    moments.add(await momentOf(snapshot))
    snapshot.close()
  }
  await vi.waitUntil(async () => (await weir.group(tally.name).lag()).every(({ lag }) => lag === 0), {
    timeout: 30_000,
  })
  expectAnswers(weir, sent)
  child.say('stop')
  expect(await child.exited, child.errors.join('')).toEqual({ code: 0, signal: null })
})
