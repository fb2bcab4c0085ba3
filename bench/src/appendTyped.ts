import { topic, utf8, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf } from './measure.ts'
import { openRaw, rawKey } from './rawLmdb.ts'
import { row } from './rows.ts'
import { Flight, flightCodec, flights, repeated } from './samples.ts'

const batchRecords = 500

/** Typed records (io-ts, JSON of about 100 bytes), against the same records encoded by hand and put into lmdb 500 in a value. */
export const appendTyped = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 150_000 : 600_000
  const records = flights(5_000)
  const bytesEach = records.reduce((sum, { value }) => sum + JSON.stringify(value).length, 0) / records.length

  const raw = openRaw(path('raw'))
  let offset = 0
  const putRaw = async (): Promise<void> => {
    let before: Promise<unknown> = Promise.resolve()
    for (let sent = 0; sent < count; sent += records.length) {
      let last = before
      for (let first = 0; first < records.length; first += batchRecords) {
        const lines = records
          .slice(first, first + batchRecords)
          .map(({ key, value }) => `${key}\t${JSON.stringify(Flight.encode(value))}\n`)
        last = raw.put(rawKey(0, offset), Buffer.from(lines.join('')))
        offset += batchRecords
      }
      await before
      before = last
    }
    await before
  }

  const weir = await Weir.open(lmdb(path('weir')))
  const all = repeated(records, count)
  const producer = await weir.producer(topic('typed', { key: utf8, value: flightCodec, partitions: 8 }))

  progress(`${count} flights of ${bytesEach.toFixed(0)} bytes`)
  const { base, head } = await contest({
    rounds: quick ? 1 : 9,
    base: () => rateOf(count, putRaw),
    head: () => rateOf(count, () => producer.appendAll(all)),
  })
  await weir.close()
  await raw.close()
  return [
    row({
      name: `append typed (io-ts, JSON of ${bytesEach.toFixed(0)} bytes), synced: against JSON.stringify and raw puts`,
      value: head,
      unit: 'records/s',
      baseline: base,
      budget: { of: 'value', atLeast: 500_000 },
    }),
  ]
}
