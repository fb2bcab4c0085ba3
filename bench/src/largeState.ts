import { int32, type Job, job, type ProducerRecord, topic, type Topic, utf8, Weir } from '@weir/core'
import { count, filter, to } from '@weir/operators'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { collectGarbage, median, rateOf } from './measure.ts'
import { type Resident, watchMemory } from './memory.ts'
import { openRaw } from './rawLmdb.ts'
import { row } from './rows.ts'
import { chance } from './samples.ts'

const partitions = 8
const chunk = 50_000

const clicks: Topic<string, number> = topic('clicks', { key: utf8, value: int32, partitions })
const counts: Topic<string, number> = topic('counts', { key: utf8, value: int32, partitions })

/** Counts by user; only round counts are written, so that it is the state that is measured. */
const counting: Job = job('counting')
  .from(clicks)
  .pipe(
    count('by-user'),
    filter((counted) => counted % 10 === 0),
    to(counts),
  )

/**
 * A count for each of many users against one for each of a few, and against raw puts of lmdb: what a record costs when the state is
 * larger than memory.
 */
export const largeState = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const [many, few] = quick ? [500_000, 10_000] : [10_000_000, 10_000]
  const records = quick ? 200_000 : 500_000
  const rounds = quick ? 1 : 3
  const keys = quick ? '500 k keys' : '10 M keys'
  const small = await Subject.fill(path('few'), few, progress)
  const large = await Subject.fill(path('many'), many, progress)
  const rates = { small: [] as number[], large: [] as number[], skewed: [] as number[], raw: [] as number[] }
  let memory: Resident = { own: 0, mapped: 0 }
  for (let round = 0; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}`)
    rates.small.push(await small.run(records, uniform(round)))
    collectGarbage()
    const stop = watchMemory()
    rates.large.push(await large.run(records, uniform(round)))
    rates.skewed.push(await large.run(records, skewed(round)))
    const seen = stop()
    memory = { own: Math.max(memory.own, seen.own), mapped: Math.max(memory.mapped, seen.mapped) }
  }
  await small.close()
  await large.close()
  // after them, since its pages would count as theirs
  const raw = RawRows.fill(path('raw'), many, progress)
  for (let round = 0; round <= rounds; round++) rates.raw.push(await raw.run(rawRows, uniform(round)))
  await raw.close()
  const unit = 'records/s'
  const [ofSmall, ofRaw, ofLarge, ofSkewed] = [rates.small, rates.raw, rates.large, rates.skewed].map((measured) =>
    median(measured.slice(1)),
  ) as [number, number, number, number]
  return [
    row({
      name: `count by key, most records of a tenth of ${keys}: against 10 k keys`,
      value: ofSkewed,
      unit,
      baseline: ofSmall,
      budget: { of: 'ratio', atLeast: 0.5 },
    }),
    row({
      name: `count by key, each record of any of ${keys}: against raw puts of lmdb, ${rawRowsAtOnce} a transaction`,
      value: ofLarge,
      unit,
      baseline: ofRaw,
    }),
    row({
      name: 'resident at most while counting them: the process’s own',
      value: memory.own,
      unit: 'MB',
      budget: { of: 'value', atMost: 400 },
    }),
    row({ name: 'resident at most while counting them: page cache, mapped', value: memory.mapped, unit: 'MB' }),
  ]
}

const rawRows = 98_304
const rawRowsAtOnce = 16_384

/** As many rows as there are keys, in lmdb as it comes. */
class RawRows {
  readonly #rows: ReturnType<typeof openRaw>
  readonly #keys: number

  private constructor(rows: ReturnType<typeof openRaw>, keys: number) {
    this.#rows = rows
    this.#keys = keys
  }

  static fill(folder: string, keys: number, progress: (text: string) => void): RawRows {
    const rows = new RawRows(openRaw(folder), keys)
    const step = 1_000_000
    for (let from = 0; from < keys; from += step) {
      progress(`${keys} raw rows: ${from} are there`)
      rows.#put(Array.from({ length: Math.min(step, keys - from) }, (_, index) => from + index))
    }
    return rows
  }

  /** How many puts a second, of keys by their shares. */
  run(puts: number, share: () => number): Promise<number> {
    return rateOf(puts, () => {
      for (let from = 0; from < puts; from += rawRowsAtOnce) {
        this.#put(Array.from({ length: Math.min(rawRowsAtOnce, puts - from) }, () => Math.floor(share() * this.#keys)))
      }
    })
  }

  close(): Promise<void> {
    return this.#rows.close()
  }

  /** In the order of their keys, which is the fastest. */
  #put(numbers: ReadonlyArray<number>): void {
    const keys = numbers.map((number) => Buffer.from(`user-${number}`)).sort((a, b) => Buffer.compare(a, b))
    this.#rows.transactionSync(() => {
      for (const key of keys) this.#rows.putSync(key, rawValue)
    })
  }
}

const rawValue = Buffer.alloc(8)

/** Shares in [0, 1) of all keys. */
const uniform = (round: number): (() => number) => chance(round + 1)

/** As `uniform`, a tenth of the keys with nine tenths of the records. */
const skewed = (round: number): (() => number) => {
  const next = chance(round + 1)
  return () => (next() < 0.9 ? next() / 10 : next())
}

/** A log whose job has counted each of its keys once. */
class Subject {
  readonly #weir: Weir
  readonly #keys: number

  private constructor(weir: Weir, keys: number) {
    this.#weir = weir
    this.#keys = keys
  }

  static async fill(folder: string, keys: number, progress: (text: string) => void): Promise<Subject> {
    const subject = new Subject(await Weir.open(lmdb(folder)), keys)
    const step = 1_000_000
    for (let from = 0; from < keys; from += step) {
      progress(`${keys} keys: ${from} are there`)
      const some = Math.min(step, keys - from)
      await subject.#append(some, (index) => from + index)
      await subject.#count()
    }
    return subject
  }

  /** How many records a second, of keys by their shares. */
  async run(records: number, share: () => number): Promise<number> {
    await this.#append(records, () => Math.floor(share() * this.#keys))
    return rateOf(records, () => this.#count())
  }

  close(): PromiseLike<void> {
    return this.#weir.close()
  }

  async #append(records: number, keyAt: (index: number) => number): Promise<void> {
    const producer = await this.#weir.producer(clicks)
    for (let from = 0; from < records; from += chunk) {
      const batch = Array.from(
        { length: Math.min(chunk, records - from) },
        (_, index): ProducerRecord<string, number> => ({ key: `user-${keyAt(from + index)}`, value: 0, timestamp: 0 }),
      )
      await producer.appendAll(batch)
    }
    await producer.close()
  }

  async #count(): Promise<void> {
    await (
      await this.#weir.run(counting, { until: 'end' })
    ).done
  }
}
