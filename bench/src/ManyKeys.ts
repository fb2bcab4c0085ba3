import { int32, type Job, job, type ProducerRecord, topic, type Topic, utf8, Weir } from '@weir/core'
import { count, filter, to } from '@weir/operators'
import { lmdb } from '@weir/storage-lmdb'
import { rateOf } from './measure.ts'
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

/** How many records a second. */
export interface ManyKeysRates {
  readonly appended: number
  readonly counted: number
}

/** A log whose job has counted each of its keys once. */
export class ManyKeys {
  readonly #weir: Weir
  readonly #keys: number

  private constructor(weir: Weir, keys: number) {
    this.#weir = weir
    this.#keys = keys
  }

  /** One that was filled before. */
  static async open(folder: string, keys: number): Promise<ManyKeys> {
    return new ManyKeys(await Weir.open(lmdb(folder)), keys)
  }

  static async fill(folder: string, keys: number, progress: (text: string) => void): Promise<ManyKeys> {
    const filled = await ManyKeys.open(folder, keys)
    const step = 1_000_000
    for (let from = 0; from < keys; from += step) {
      progress(`${keys} keys: ${from} are there`)
      const some = Math.min(step, keys - from)
      await filled.#append(some, (index) => from + index)
      await filled.#count()
    }
    return filled
  }

  /** Appends records of keys by their shares, then counts them. */
  async run(records: number, share: () => number): Promise<ManyKeysRates> {
    const appended = await rateOf(records, () => this.#append(records, () => Math.floor(share() * this.#keys)))
    return { appended, counted: await rateOf(records, () => this.#count()) }
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

/** Shares in [0, 1) of all keys. */
export const uniform = (round: number): (() => number) => chance(round + 1)

/** As `uniform`, a tenth of the keys with nine tenths of the records. */
export const skewed = (round: number): (() => number) => {
  const next = chance(round + 1)
  return () => (next() < 0.9 ? next() / 10 : next())
}
