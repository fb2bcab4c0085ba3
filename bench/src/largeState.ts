import { join } from 'node:path'
import { askFresh } from './askFresh.ts'
import type { Bench, Row } from './Benchmark.ts'
import { ManyKeys, type ManyKeysRates, skewed, uniform } from './ManyKeys.ts'
import { median, rateOf } from './measure.ts'
import type { Resident } from './memory.ts'
import { openRaw } from './rawLmdb.ts'
import { row } from './rows.ts'

/**
 * A count for each of many users against one for each of a few, and against raw puts of lmdb: what a record costs when the state is
 * larger than memory.
 */
export const largeState = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const [many, few] = quick ? [500_000, 10_000] : [10_000_000, 10_000]
  const records = quick ? 200_000 : 500_000
  const rounds = quick ? 1 : 3
  const keys = quick ? '500 k keys' : '10 M keys'
  const small = await ManyKeys.fill(path('few'), few, progress)
  const large = await ManyKeys.fill(path('many'), many, progress)
  const rates = { small: new Rates(), large: new Rates(), skewed: new Rates() }
  for (let round = 0; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}`)
    rates.small.add(await small.run(records, uniform(round)))
    rates.large.add(await large.run(records, uniform(round)))
    rates.skewed.add(await large.run(records, skewed(round)))
  }
  await small.close()
  await large.close()
  progress('the same in a fresh process')
  const memory = await askFresh<Resident>(join(import.meta.dirname, 'largeStateReopened.ts'), [
    path('many'),
    String(many),
    String(records),
  ])
  const raw = RawRows.fill(path('raw'), many, progress)
  const puts: number[] = []
  const gets: number[] = []
  for (let round = 0; round <= rounds; round++) {
    puts.push(await raw.run(rawRows, uniform(round)))
    gets.push(await raw.look(records, skewed(round)))
  }
  await raw.close()
  const unit = 'records/s'
  const baseline = median(puts.slice(1))
  const uniformly = `count by key, each record of any of ${keys}`
  return [
    row({
      name: `count by key, most records of a tenth of ${keys}: against 10 k keys`,
      value: rates.skewed.counted,
      unit,
      baseline: rates.small.counted,
      budget: { of: 'ratio', atLeast: 0.5 },
    }),
    row({
      name: `gets of lmdb alone, most of a tenth of ${keys}: against the job over 10 k keys`,
      value: median(gets.slice(1)),
      unit: 'rows/s',
      baseline: rates.small.counted,
    }),
    row({
      name: `${uniformly}: against raw puts of lmdb, ${rawRowsAtOnce} a transaction`,
      value: rates.large.counted,
      unit,
      baseline,
    }),
    row({
      name: `append to a log with ${keys} that changed all over: against one with 10 k keys`,
      value: rates.large.appended,
      unit,
      baseline: rates.small.appended,
    }),
    row({
      name: `resident at most while a fresh process counts ${records / 1_000} k records of ${keys}: the process’s own`,
      value: memory.own,
      unit: 'MB',
      budget: { of: 'value', atMost: 400 },
    }),
    row({
      name: `resident at most while a fresh process counts ${records / 1_000} k records of ${keys}: page cache, mapped`,
      value: memory.mapped,
      unit: 'MB',
    }),
  ]
}

/** The rates of several rounds, of which the first one warms up. */
class Rates {
  readonly #rounds: ManyKeysRates[] = []

  add(rates: ManyKeysRates): void {
    this.#rounds.push(rates)
  }

  get appended(): number {
    return median(this.#rounds.slice(1).map(({ appended }) => appended))
  }

  get counted(): number {
    return median(this.#rounds.slice(1).map(({ counted }) => counted))
  }
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

  /** How many gets a second, of keys by their shares. */
  look(gets: number, share: () => number): Promise<number> {
    const keys = Array.from({ length: gets }, () => keyOf(Math.floor(share() * this.#keys)))
    return rateOf(gets, () => {
      for (const key of keys) if (this.#rows.getBinaryFast(key) === undefined) throw new Error('a raw row is not there')
    })
  }

  close(): Promise<void> {
    return this.#rows.close()
  }

  /** In the order of their keys, which is the fastest. */
  #put(numbers: ReadonlyArray<number>): void {
    const keys = numbers.map(keyOf).sort((a, b) => Buffer.compare(a, b))
    this.#rows.transactionSync(() => {
      for (const key of keys) this.#rows.putSync(key, rawValue)
    })
  }
}

const keyOf = (number: number): Buffer => Buffer.from(`user-${number}`)
const rawValue = Buffer.alloc(8)
