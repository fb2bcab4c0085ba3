import { bytes, topic, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { percentile } from './measure.ts'
import { openRaw, rawKey } from './rawLmdb.ts'
import { row } from './rows.ts'
import { byteRecords } from './samples.ts'

const inTurn = 25

/** One record at a time, each synced before the next, against `await db.put` of the same bytes. */
export const oneRecord = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const turns = quick ? 20 : 160
  const records = byteRecords(inTurn)
  const raw = openRaw(path('raw'))
  const values = records.map(({ key, value }) => Buffer.concat([key, value]))
  const weir = await Weir.open(lmdb(path('weir')))
  const producer = await weir.producer(topic('bytes', { key: bytes, value: bytes }))

  progress(`${turns * inTurn} records, one after the other`)
  const times = { base: [] as number[], head: [] as number[] }
  let offset = 0
  for (let turn = 0; turn < turns; turn++) {
    for (const value of values) times.base.push(await msOf(() => raw.put(rawKey(0, offset++), value)))
    for (const { key, value } of records) times.head.push(await msOf(() => producer.append(key, value)))
  }
  await weir.close()
  await raw.close()
  // the first tenth warms up
  const [base, head] = [times.base, times.head].map((all) => all.slice(all.length / 10))
  return [
    row({
      name: 'one record at a time, synced, p50: against a raw lmdb put',
      value: percentile(head!, 50),
      unit: 'ms',
      baseline: percentile(base!, 50),
      budget: { of: 'ratio', atMost: 1.3 },
    }),
    row({
      name: 'one record at a time, synced, p99: against a raw lmdb put',
      value: percentile(head!, 99),
      unit: 'ms',
      baseline: percentile(base!, 99),
    }),
  ]
}

const msOf = async (action: () => PromiseLike<unknown>): Promise<number> => {
  const start = performance.now()
  await action()
  return performance.now() - start
}
