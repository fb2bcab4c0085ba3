import type { ProducerRecord, Storage } from '@weir/core'
import { Weir } from '@weir/core'
import { memory } from '@weir/testing'
import { lateSales, type Sale, sales, salesByMinute, shopMinutes } from './fixtures/counting.ts'
import { contentOf } from './support.ts'

/** The n-th sale: time goes on, not quite in order, and now and then one comes hours late. */
const saleAt = (n: number): ProducerRecord<string, Sale> & { readonly partition: number } => {
  const chance = Math.imul(n, 0x9e37_79b1) >>> 0
  const late = chance % 97 === 0 ? 3_600_000 : chance % 4_000
  const at = 1_000_000_000_000 + n * 40 - late
  const value = { shop: `shop-${chance % 23}`, at, amount: chance % 1_000 }
  return { key: `customer-${chance % 211}`, value, timestamp: at, partition: n % sales.partitions }
}

/** The sales from `first` on. */
export const salesFrom = (first: number, count: number): ReadonlyArray<ProducerRecord<string, Sale>> =>
  Array.from({ length: count }, (_, index) => saleAt(first + index))

/** What the job has written. */
export interface Output {
  readonly minutes: ReadonlyArray<string>
  readonly late: ReadonlyArray<string>
}

export const outputOf = async (weir: Weir): Promise<Output> => ({
  minutes: await contentOf(weir.topic(shopMinutes)),
  late: await contentOf(weir.topic(lateSales)),
})

/** What the job writes for the first `count` sales when nobody disturbs it: in one thread, in memory. */
export const undisturbedOutput = async (count: number): Promise<Output> => {
  const weir = await Weir.open(memory())
  try {
    const producer = await weir.producer(sales)
    await producer.appendAll(salesFrom(0, count))
    await (
      await weir.run(salesByMinute, { until: 'end' })
    ).done
    return await outputOf(weir)
  } finally {
    await weir.close()
  }
}

/** How many records of the job's source are processed, by what is committed. */
export const processedCount = (weir: Weir, storage: Storage = weir.storage): number => {
  const info = weir.topics().find(({ name }) => name === sales.name)
  if (info === undefined) return 0
  const partitions = Array.from({ length: info.partitions }, (_, index) => info.firstPartition + index)
  return partitions.reduce((sum, partition) => sum + storage.position(salesByMinute.name, partition), 0)
}
