import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bytes, type Received, topic, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { RootDatabase } from 'lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf } from './measure.ts'
import { openRaw } from './rawLmdb.ts'
import { row } from './rows.ts'
import { byteRecords, repeated } from './samples.ts'

const source = topic('bytes', { key: bytes, value: bytes, partitions: 8 })

/** All records of a topic as bytes, against a raw cursor scan over a copy of the same data that decodes the same batches. */
export const consumeBytes = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 300_000 : 1_500_000
  const rounds = quick ? 1 : 9
  progress(`writing ${count} records`)
  await write(path('weir'), count)
  mkdirSync(path('raw'))
  copyFileSync(join(path('weir'), 'data.mdb'), join(path('raw'), 'data.mdb'))

  const raw = openRaw(join(path('raw'), 'data.mdb'))
  const scan = async (): Promise<void> => expectCount(scanRaw(raw), count)
  const weir = await Weir.open(lmdb(path('weir')))
  const stream = weir.topic(source).from('earliest').toEnd()
  const subscribe = (): Promise<void> => {
    let bytesRead = 0
    let records = 0
    return new Promise((resolve, reject) => {
      stream.subscribe({
        next: (record) => {
          bytesRead += sizeOf(record)
          records++
        },
        error: reject,
        complete: () => resolve(expectCount({ records, bytesRead }, count)),
      })
    })
  }
  const iterate = async (): Promise<void> => {
    let bytesRead = 0
    let records = 0
    for await (const record of stream) {
      bytesRead += sizeOf(record)
      records++
    }
    expectCount({ records, bytesRead }, count)
  }

  progress(`${count} records of 100 bytes, as an Observable and raw`)
  const observed = await contest({ rounds, base: () => rateOf(count, scan), head: () => rateOf(count, subscribe) })
  progress(`${count} records of 100 bytes, with for await and raw`)
  const iterated = await contest({ rounds, base: () => rateOf(count, scan), head: () => rateOf(count, iterate) })
  await weir.close()
  await raw.close()
  return [
    row({
      name: 'consume as bytes, as an Observable: against a raw cursor scan that decodes the same batches',
      value: observed.head,
      unit: 'records/s',
      baseline: observed.base,
      budget: { of: 'ratio', atLeast: 0.5 },
    }),
    row({
      name: 'consume as bytes, by for await: against the same',
      value: iterated.head,
      unit: 'records/s',
      baseline: iterated.base,
    }),
  ]
}

const write = async (folder: string, count: number): Promise<void> => {
  const weir = await Weir.open(lmdb(folder))
  const producer = await weir.producer(source)
  await producer.appendAll(repeated(byteRecords(), count))
  await weir.close()
}

interface Read {
  readonly records: number
  readonly bytesRead: number
}

const expectCount = ({ records, bytesRead }: Read, count: number): void => {
  if (records !== count || bytesRead !== count * 100) {
    throw new Error(`read ${records} records of ${bytesRead} bytes; expected ${count} of ${count * 100}`)
  }
}

const sizeOf = (record: Received<Uint8Array, Uint8Array>): number =>
  record._tag === 'Record' ? record.key.length + record.value.length : Number.NaN

/**
 * What a program would do that knows the layout (see `batchFormat` in core) and needs nothing else of Weir: for each record an
 * object with views of its key and value.
 */
const scanRaw = (raw: RootDatabase<Uint8Array, Uint8Array>): Read => {
  let records = 0
  let bytesRead = 0
  const partitions = { start: Buffer.from([partitionSpace]), end: Buffer.from([partitionSpace + 1]) }
  for (const { key, value } of raw.getRange(partitions)) {
    if (key[5] !== batchPart) continue
    for (const record of decodeRaw(value)) {
      bytesRead += record.key.length + record.value.length
      records++
    }
  }
  return { records, bytesRead }
}

/** The first byte of the keys of what belongs to partitions, and the byte behind the partition for a batch (see `keys.ts` of the storage). */
const partitionSpace = 1
const batchPart = 0
const endMask = 0x7fff_ffff

const decodeRaw = (batch: Uint8Array): ReadonlyArray<{ readonly key: Uint8Array; readonly value: Uint8Array }> => {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  const count = view.getUint32(16, true)
  const timestamps = (view.getUint16(14, true) & 1) * count * 8
  const keyEnds = 64 + timestamps
  const valueEnds = keyEnds + count * 4
  const keys = valueEnds + count * 4
  const values = keys + (view.getUint32(valueEnds - 4, true) & endMask)
  const records = new Array<{ readonly key: Uint8Array; readonly value: Uint8Array }>(count)
  let keyStart = 0
  let valueStart = 0
  for (let index = 0; index < count; index++) {
    const keyEnd = view.getUint32(keyEnds + index * 4, true) & endMask
    const valueEnd = view.getUint32(valueEnds + index * 4, true) & endMask
    records[index] = {
      key: new Uint8Array(batch.buffer, batch.byteOffset + keys + keyStart, keyEnd - keyStart),
      value: new Uint8Array(batch.buffer, batch.byteOffset + values + valueStart, valueEnd - valueStart),
    }
    keyStart = keyEnd
    valueStart = valueEnd
  }
  return records
}
