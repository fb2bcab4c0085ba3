import { type Job, job, json, minutes, type ProducerRecord, topic, type Topic, utf8, Weir } from '@weir/core'
import { aggregate, map, session, to } from '@weir/operators'
import { lmdb } from '@weir/storage-lmdb'
import * as t from 'io-ts'
import type { Bench, Row } from './Benchmark.ts'
import { median, rateOf } from './measure.ts'
import { row } from './rows.ts'
import { chance } from './samples.ts'

const Click = t.type({ page: t.string, ms: t.number }, 'Click')
type Click = t.TypeOf<typeof Click>
const Visit = t.type({ user: t.string, begin: t.number, end: t.number, clicks: t.number, ms: t.number }, 'Visit')
type Visit = t.TypeOf<typeof Visit>

const partitions = 8
const manyUsers = 100_000
/** So few that what is kept of them is in the processor's caches. */
const fewUsers = 1_000
const gapMs = minutes(30)
/** How often a user clicks in the mean: a visit has four or five clicks then. */
const msBetweenClicks = minutes(20)

const clicks: Topic<string, Click> = topic('clicks', { key: utf8, value: json(Click), partitions })
const visits: Topic<string, Visit> = topic('visits', { key: utf8, value: json(Visit), partitions })

const visiting: Job = job('visiting')
  .from(clicks)
  .pipe(
    aggregate('visits', {
      window: session(gapMs),
      initial: () => ({ clicks: 0, ms: 0 }),
      add: (sum, click) => ({ clicks: sum.clicks + 1, ms: sum.ms + click.ms }),
      merge: (_, earlier, later) => ({ clicks: earlier.clicks + later.clicks, ms: earlier.ms + later.ms }),
    }),
    map((sum, { key, window }): Visit => ({ user: key, begin: window.start, end: window.end, ...sum })),
    to(visits),
  )

/** The same clicks in every run, in the order of time. */
const clicksFrom = (users: number, from: number, count: number): ReadonlyArray<ProducerRecord<string, Click>> => {
  const next = chance(from + 1)
  return Array.from({ length: count }, (_, index) => ({
    key: `user-${Math.floor(next() * users)}`,
    value: { page: `/page/${Math.floor(next() * 500)}`, ms: Math.floor(next() * 60_000) },
    timestamp: Date.UTC(2026, 0, 1) + Math.floor(((from + index) * msBetweenClicks) / users),
  }))
}

const chunk = 50_000

/** Sessions of many users, and of few, typed in and out; against a loop over the same JSON in memory. */
export const sessions = async (bench: Bench): Promise<ReadonlyArray<Row>> => {
  const many = await ratesOf(bench, manyUsers)
  const few = await ratesOf(bench, fewUsers)
  const unit = 'records/s'
  return [
    row({
      name: 'sessions of 100 k users (io-ts JSON in and out), one worker: against a loop in memory',
      value: many.rate,
      unit,
      baseline: many.inMemory,
      budget: { of: 'value', atLeast: 200_000 },
    }),
    row({ name: 'the same of 1 000 users', value: few.rate, unit, baseline: few.inMemory }),
  ]
}

interface Rates {
  readonly rate: number
  readonly inMemory: number
}

const ratesOf = async ({ quick, path, progress }: Bench, users: number): Promise<Rates> => {
  const count = quick ? 200_000 : 2_000_000
  const rounds = quick ? 1 : 3
  const rates: number[] = []
  const inMemory: number[] = []
  for (let round = 0; round <= rounds; round++) {
    progress(`sessions of ${users} users: ${count} clicks, round ${round} of ${rounds}`)
    const weir = await Weir.open(lmdb(path(`sessions-${users}-${round}`)))
    const lines = await append(weir, users, count)
    inMemory.push(await rateOf(count, () => visitsInMemory(lines)))
    rates.push(await rateOf(count, async () => (await weir.run(visiting, { until: 'end' })).done))
    let counted = 0
    for await (const visit of weir.topic(visits).from('earliest').toEnd()) {
      if (visit._tag === 'Record') counted += visit.value.clicks
    }
    await weir.close()
    if (counted !== count) throw new Error(`the visits have ${counted} clicks; expected ${count}`)
  }
  return { rate: median(rates.slice(1)), inMemory: median(inMemory.slice(1)) }
}

/** Appends the clicks, and gives what the loop in memory begins with. */
const append = async (weir: Weir, users: number, count: number): Promise<ReadonlyArray<Line>> => {
  const producer = await weir.producer(clicks)
  const lines: Line[] = []
  for (let from = 0; from < count; from += chunk) {
    const some = clicksFrom(users, from, Math.min(chunk, count - from))
    await producer.appendAll(some)
    for (const { key, value, timestamp } of some) lines.push([key, JSON.stringify(value), timestamp!])
  }
  return lines
}

type Line = readonly [user: string, click: string, at: number]

const visitsInMemory = (lines: ReadonlyArray<Line>): number => {
  const open = new Map<string, Visit>()
  let bytes = 0
  const close = (visit: Visit): void => void (bytes += JSON.stringify(visit).length)
  for (const [user, line, at] of lines) {
    const click = Click.decode(JSON.parse(line))
    if (click._tag === 'Left') throw new Error('the sample is no click')
    const { ms } = click.right
    const visit = open.get(user)
    if (visit !== undefined && at - visit.end < gapMs) {
      open.set(user, { ...visit, end: at + 1, clicks: visit.clicks + 1, ms: visit.ms + ms })
      continue
    }
    if (visit !== undefined) close(visit)
    open.set(user, { user, begin: at, end: at + 1, clicks: 1, ms })
  }
  for (const visit of open.values()) close(visit)
  return bytes
}
