import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import {
  batchByteLength,
  batchCount,
  batchHasIds,
  batchProducerEpoch,
  batchProducerId,
  batchRunningTimestampMax,
  batchSequence,
  batchSource,
  batchTimestampMax,
  sealBatch,
  verifyBatch,
} from '../../src/model/batchFormat.ts'
import { CorruptBatch, InvariantViolated } from '../../src/model/errors.ts'
import { noHeaders } from '../../src/model/Headers.ts'
import { RecordBatch } from '../../src/model/RecordBatch.ts'
import { builderOf, type TestRecord } from './arbitraries.ts'

const plain = (value: TestRecord['value'], timestamp = 1_000): TestRecord => ({
  key: 'k',
  value,
  timestamp,
  id: null,
  headers: null,
  watermark: -Infinity,
})

describe('RecordBatch', () => {
  it('carries what its builder was told of the producer and the source', () => {
    const bytes = builderOf([plain('a', 5), plain('b', 9), plain('c', 7)], {
      producer: { id: 2 ** 40, epoch: 3 },
      source: 6,
    }).build(11)
    sealBatch(bytes, 12, crc32)
    const batch = RecordBatch.view(bytes, 100)
    expect(batch).toMatchObject({
      baseOffset: 100,
      count: 3,
      baseTimestamp: 5,
      timestampMax: 9,
      runningTimestampMax: 12,
    })
    expect(batch).toMatchObject({
      producerId: 2 ** 40,
      producerEpoch: 3,
      sequence: 11,
      source: 6,
      byteLength: bytes.length,
    })
    expect([batchProducerId(bytes), batchProducerEpoch(bytes), batchSequence(bytes), batchSource(bytes)]).toEqual([
      2 ** 40,
      3,
      11,
      6,
    ])
    expect([
      batchCount(bytes),
      batchByteLength(bytes),
      batchTimestampMax(bytes),
      batchRunningTimestampMax(bytes),
    ]).toEqual([3, bytes.length, 9, 12])
  })

  it('has no producer, no source and no ids unless it was told so', () => {
    const bytes = builderOf([plain('a')]).build()
    expect(RecordBatch.view(bytes, 0)).toMatchObject({
      producerId: 0,
      producerEpoch: 0,
      sequence: 0,
      source: -1,
    })
    expect(batchHasIds(bytes)).toBe(false)
    expect(batchHasIds(builderOf([{ ...plain('a'), id: 'x' }]).build())).toBe(true)
  })

  it('tells null, empty and present keys and values apart', () => {
    const bytes = builderOf([
      { ...plain(null), key: null },
      { ...plain(''), key: '' },
      { ...plain('v'), key: 'k' },
    ]).build()
    const batch = RecordBatch.view(bytes, 0)
    const indexes = [0, 1, 2]
    expect(indexes.map((index) => batch.keyText(index))).toEqual([null, '', 'k'])
    expect(indexes.map((index) => batch.valueText(index))).toEqual([null, '', 'v'])
    expect(indexes.map((index) => batch.key(index)?.length ?? null)).toEqual([null, 0, 1])
    expect(indexes.map((index) => batch.value(index)?.length ?? null)).toEqual([null, 0, 1])
  })

  it('shares one empty object among all records without headers', () => {
    const batch = RecordBatch.view(
      builderOf([plain('a'), { ...plain('b'), headers: { trace: '1' } }, { ...plain('c'), headers: {} }]).build(),
      0,
    )
    expect(batch.headers(0)).toBe(noHeaders)
    expect(batch.headers(2)).toBe(noHeaders)
    expect(Object.getPrototypeOf(batch.headers(1))).toBe(null)
    expect(batch.hasHeaders).toBe(true)
  })

  it('gives bytes that share its memory', () => {
    const bytes = builderOf([plain('a')]).build()
    expect(RecordBatch.view(bytes, 0).value(0)?.buffer).toBe(bytes.buffer)
  })

  it('never takes bytes that are no UTF-8 for ASCII, even when they have as many characters', () => {
    const batch = RecordBatch.view(builderOf([plain(new Uint8Array([0xff, 0xfe])), plain('a')]).build(), 0)
    expect(batch.valuesAreAscii).toBe(false)
    expect(batch.valueText(0)).toBe('\ufffd\ufffd')
  })

  it('keeps the halves of a surrogate pair apart when they end one record and begin the next', () => {
    const batch = RecordBatch.view(builderOf([plain('a\ud83d'), plain('\ude00b')]).build(), 0)
    expect([batch.valueText(0), batch.valueText(1)]).toEqual(['a\ufffd', '\ufffdb'])
  })

  it('refuses an index that is not one of its records', () => {
    const batch = RecordBatch.view(builderOf([plain('a'), plain('b')]).build(), 0)
    for (const index of [-1, 2, Number.NaN]) {
      expect(() => batch.value(index)).toThrow(InvariantViolated)
      expect(() => batch.keyText(index)).toThrow(InvariantViolated)
      expect(() => batch.timestamp(index)).toThrow(InvariantViolated)
      expect(() => batch.watermark(index)).toThrow(InvariantViolated)
    }
  })

  it.each([
    ['a newer format version', 12, 2],
    ['a compression', 13, 1],
    ['an unknown flag', 14, 16],
    ['no records', 16, 0],
    ['a running time before its own', 7, 0xbf],
  ])('refuses %s', (_, at, byte) => {
    const bytes = builderOf([plain('a')]).build()
    bytes[at] = byte
    expect(() => RecordBatch.view(bytes, 0)).toThrow(CorruptBatch)
  })

  it('refuses counts beyond its bytes before it looks at any record', () => {
    const bytes = builderOf([plain('a')]).build()
    new DataView(bytes.buffer).setUint32(16, 0xffff_ffff, true)
    expect(() => RecordBatch.view(bytes, 0)).toThrow(/4294967295 records/)
  })

  it('refuses headers that are cut', () => {
    const bytes = builderOf([{ ...plain('a'), headers: { name: 'value' } }]).build()
    const at = bytes.length - 8 - 'namevalue'.length
    for (const [field, length] of [
      [at, 5],
      [at, 100],
      [at + 4, 6],
      [at + 4, 2],
    ] as const) {
      const cut = new Uint8Array(bytes)
      cut[field] = length
      expect(() => RecordBatch.view(cut, 0).headers(0)).toThrow(CorruptBatch)
    }
  })

  it('refuses to be sealed with a running time before its own', () => {
    const bytes = builderOf([plain('a', 9)]).build()
    expect(() => sealBatch(bytes, 8, crc32)).toThrow(InvariantViolated)
  })

  it('stays verified when the running time changes, and only then', () => {
    const bytes = builderOf([plain('a', 9)]).build()
    expect(verifyBatch(bytes, crc32)).toBe(false)
    sealBatch(bytes, 9, crc32)
    expect(verifyBatch(bytes, crc32)).toBe(true)
    expect(verifyBatch(new Uint8Array([...bytes, 0]), () => crc32(bytes.subarray(12)))).toBe(false)
    sealBatch(bytes, 10, () => crc32(bytes.subarray(12)))
    expect(verifyBatch(bytes, crc32)).toBe(true)
  })
})
