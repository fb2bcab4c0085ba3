import { bytes, type ProducerRecord, topic, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf } from './measure.ts'
import { openRaw, rawKey } from './rawLmdb.ts'
import { row } from './rows.ts'
import { byteRecords, repeated } from './samples.ts'

const batchRecords = 500
/** What may wait for the disk at once. */
const windowBytes = 16 << 20

/** Records of 100 bytes through the public producer, synced, against raw puts of the same bytes in values of 500 records. */
export const appendBytes = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 200_000 : 1_000_000
  const rounds = quick ? 1 : 9
  const pool = byteRecords()
  const records = repeated(pool, count)

  const raw = openRaw(path('raw'))
  const values = rawValues(pool)
  let rawOffset = 0
  const putRaw = async (): Promise<void> => {
    let half: Promise<unknown> = Promise.resolve()
    let last = half
    let bytesWaiting = 0
    for (let index = 0; index < count / batchRecords; index++) {
      const value = values[index % values.length]!
      last = raw.put(rawKey(0, rawOffset), value)
      rawOffset += batchRecords
      bytesWaiting += value.length
      if (bytesWaiting < windowBytes / 2) continue
      await half
      half = last
      bytesWaiting = 0
    }
    await last
  }

  const weir = await Weir.open(lmdb(path('weir')))
  const target = topic('bytes', { key: bytes, value: bytes, partitions: 8 })
  const producer = await weir.producer(target, { batchBytesMax: batchRecords * 108 })
  const appendEach = async (): Promise<void> => {
    let appended = 0
    for (const { key, value } of records) {
      void producer.append(key, value)
      if (++appended % 5_000 === 0) await producer.ready()
    }
    await producer.flush()
  }

  progress(`${count} records of 100 bytes, with appendAll and raw`)
  const all = await contest({
    rounds,
    base: () => rateOf(count, putRaw),
    head: () => rateOf(count, () => producer.appendAll(records)),
  })
  progress(`${count} records of 100 bytes, with append and raw`)
  const each = await contest({ rounds, base: () => rateOf(count, putRaw), head: () => rateOf(count, appendEach) })
  await weir.close()
  await raw.close()
  return [
    row({
      name: 'append 100 bytes, synced, by appendAll: against raw puts of 500 records',
      value: all.head,
      unit: 'records/s',
      baseline: all.base,
      budget: { of: 'ratio', atLeast: 0.6 },
    }),
    row({
      name: 'append 100 bytes, synced, by append, a future each: against the same',
      value: each.head,
      unit: 'records/s',
      baseline: each.base,
    }),
  ]
}

/** Values of 500 records each, with nothing but the bytes of the records. */
const rawValues = (records: ReadonlyArray<ProducerRecord<Uint8Array, Uint8Array>>): ReadonlyArray<Uint8Array> => {
  const values: Uint8Array[] = []
  for (let first = 0; first < records.length; first += batchRecords) {
    values.push(Buffer.concat(records.slice(first, first + batchRecords).flatMap(({ key, value }) => [key, value])))
  }
  return values
}
