import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sealBatch, verifyBatch } from '../../src/model/batchFormat.ts'
import { RecordBatch } from '../../src/model/RecordBatch.ts'
import { RecordBatchBuilder } from '../../src/model/RecordBatchBuilder.ts'

// The bytes of format version 1. They never change: another layout is another version, and another golden file.
const full = `
  00e0f725fc786c421addb82201000f0003000000d900000000009ce1fb786c42
  0000e8fefb786c42000050000000f041020000000300000020fcffffffff3f43
  00009ce1fb786c42001050c4fb786c420000e8fefb786c42000050c4fb786c42
  000000000000f0ff00009ce1fb786c42030000000a0000000a0000800b000000
  0b0000800e000000000000800400000004000000000000001d0000001d000000
  41544c5ac3bc726963687b2264656c6179223a377d00ff8069642d3105000000
  030000007472616365e282ac0500000000000000656d707479
`
const smallest = `
  000000000000f03f78a286cf01000000010000004a000000000000000000f03f
  000000000000f03f000000000000000000000000ffffffff0000000000000000
  01000000010000006b76
`

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replaceAll(/\s/g, '').match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))

const buildFull = (): Uint8Array => {
  const builder = new RecordBatchBuilder({ producer: { id: 4_294_967_301, epoch: 2 }, source: 3 })
  builder.add('ATL', '{"delay":7}', 978_310_860_000, null, null, 978_310_800_000)
  builder.add('Zürich', null, 978_310_800_000.5, 'id-1', { trace: '€', empty: '' }, -Infinity)
  builder.add(null, new Uint8Array([0, 255, 128]), 978_310_920_000, '', {}, 978_310_860_000)
  const bytes = builder.build(9_007_199_254_740_000)
  sealBatch(bytes, 978_310_999_999, crc32)
  return bytes
}

const buildSmallest = (): Uint8Array => {
  const builder = new RecordBatchBuilder()
  builder.add('k', 'v', 1, null, null, -Infinity)
  const bytes = builder.build()
  sealBatch(bytes, 1, crc32)
  return bytes
}

describe('RecordBatch format version 1', () => {
  it('is written as it always was', () => {
    expect(hex(buildFull())).toBe(hex(bytesOf(full)))
    expect(hex(buildSmallest())).toBe(hex(bytesOf(smallest)))
  })

  it('is read as it always was', () => {
    expect(verifyBatch(bytesOf(full), crc32)).toBe(true)
    const batch = RecordBatch.view(bytesOf(full), 0)
    const indexes = [0, 1, 2]
    expect(batch).toMatchObject({
      count: 3,
      baseTimestamp: 978_310_860_000,
      timestampMax: 978_310_920_000,
    })
    expect(batch).toMatchObject({
      runningTimestampMax: 978_310_999_999,
      sequence: 9_007_199_254_740_000,
    })
    expect(batch).toMatchObject({ producerId: 4_294_967_301, producerEpoch: 2, source: 3 })
    expect(indexes.map((index) => batch.keyText(index))).toEqual(['ATL', 'Zürich', null])
    expect(batch.valueText(0)).toBe('{"delay":7}')
    expect(batch.value(1)).toBe(null)
    expect(batch.value(2)).toEqual(new Uint8Array([0, 255, 128]))
    expect(indexes.map((index) => batch.timestamp(index))).toEqual([
      978_310_860_000, 978_310_800_000.5, 978_310_920_000,
    ])
    expect(indexes.map((index) => batch.watermark(index))).toEqual([978_310_800_000, -Infinity, 978_310_860_000])
    expect(indexes.map((index) => batch.id(index))).toEqual([null, 'id-1', ''])
    expect(indexes.map((index) => ({ ...batch.headers(index) }))).toEqual([{}, { trace: '€', empty: '' }, {}])
    expect(RecordBatch.view(bytesOf(smallest), 0)).toMatchObject({
      count: 1,
      producerId: 0,
      source: -1,
      sequence: 0,
    })
  })
})

const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte, at) => byte.toString(16).padStart(2, '0') + (at % 32 === 31 ? '\n' : '')).join('')
