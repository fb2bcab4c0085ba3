import { bytes, topic, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { delayJob, delayTopic, flightTopic, writeFlights } from './delayJob.ts'
import { contest, rateOf } from './measure.ts'
import { row } from './rows.ts'
import { byteRecords, repeated } from './samples.ts'

const many = 1_024
const few = 8

/** The same work over 1 024 partitions and over 8. */
export const partitions = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 200_000 : 2_000_000
  const rounds = quick ? 1 : 4
  // many keys, so that all partitions have some
  const records = repeated(byteRecords(100_000), count)
  let folders = 0
  const fresh = (): string => path(`weir-${folders++}`)

  progress(`append of ${count} records`)
  const filled = new Map<number, string>()
  const append = (partitionCount: number) => async (): Promise<number> => {
    const folder = fresh()
    filled.set(partitionCount, folder)
    const weir = await Weir.open(lmdb(folder))
    const producer = await weir.producer(topic('bytes', { key: bytes, value: bytes, partitions: partitionCount }))
    const rate = await rateOf(count, () => producer.appendAll(records))
    await weir.close()
    return rate
  }
  const appended = await contest({ rounds, base: append(few), head: append(many) })

  progress(`consume of ${count} records`)
  const consume = (partitionCount: number) => async (): Promise<number> => {
    const weir = await Weir.open(lmdb(filled.get(partitionCount)!))
    const stream = weir
      .topic(topic('bytes', { key: bytes, value: bytes, partitions: partitionCount }))
      .from('earliest')
      .toEnd()
    const rate = await rateOf(
      count,
      () => new Promise<void>((resolve, reject) => stream.subscribe({ complete: resolve, error: reject })),
    )
    await weir.close()
    return rate
  }
  const consumed = await contest({ rounds, base: consume(few), head: consume(many) })

  progress(`job over ${count / 2} records`)
  const run = (partitionCount: number) => async (): Promise<number> => {
    const weir = await Weir.open(lmdb(fresh()))
    const source = flightTopic(partitionCount)
    await writeFlights(weir, source, count / 2)
    const rate = await rateOf(
      count / 2,
      async () => (await weir.run(delayJob(source, delayTopic(few)), { until: 'end' })).done,
    )
    await weir.close()
    return rate
  }
  const processed = await contest({ rounds: quick ? 1 : 3, base: run(few), head: run(many) })

  const rows = { 'append as bytes': appended, 'consume as bytes': consumed, 'exactly-once job': processed }
  return Object.entries(rows).map(([subject, { base, head }]) =>
    row({
      name: `${subject}: 1 024 partitions against 8`,
      value: head,
      unit: 'records/s',
      baseline: base,
      budget: { of: 'ratio', atLeast: 0.75 },
    }),
  )
}
