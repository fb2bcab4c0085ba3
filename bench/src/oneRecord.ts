import { bytes, topic, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { latencies, percentile } from './measure.ts'
import { openRaw, rawKey } from './rawLmdb.ts'
import { row } from './rows.ts'
import { byteRecords } from './samples.ts'

/** One record at a time, each synced before the next, against `await db.put` of the same bytes. */
export const oneRecord = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 500 : 4_000
  const records = byteRecords(count)
  const raw = openRaw(path('raw'))
  const values = records.map(({ key, value }) => Buffer.concat([key, value]))
  const weir = await Weir.open(lmdb(path('weir')))
  const producer = await weir.producer(topic('bytes', { key: bytes, value: bytes }))

  progress(`${count} records, one after the other`)
  let puts = 0
  let appends = 0
  const { base, head } = await latencies({
    count,
    base: () => raw.put(rawKey(0, puts), values[puts++]!),
    head: () => {
      const { key, value } = records[appends++]!
      return producer.append(key, value)
    },
  })
  await weir.close()
  await raw.close()
  return [
    row({
      name: 'one record at a time, synced, p50: against a raw lmdb put',
      value: percentile(head, 50),
      unit: 'ms',
      baseline: percentile(base, 50),
      budget: { of: 'ratio', atMost: 1.3 },
    }),
    row({
      name: 'one record at a time, synced, p99: against a raw lmdb put',
      value: percentile(head, 99),
      unit: 'ms',
      baseline: percentile(base, 99),
    }),
  ]
}
