import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { sealBatch } from '../../src/model/batchFormat.ts'
import type { RecordBatch } from '../../src/model/RecordBatch.ts'
import { RecordBatchBuilder, type RecordBatchOptions } from '../../src/model/RecordBatchBuilder.ts'
import { codePoint } from './codePoint.ts'

export interface TestRecord {
  readonly key: Uint8Array | string | null
  readonly value: Uint8Array | string | null
  readonly timestamp: number
  readonly id: string | null
  readonly headers: Record<string, string> | null
  readonly watermark: number
}

/** Text of every kind: ASCII, accents, emoji, surrogates without a partner, empty. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: codePoint, maxLength: 20 }),
  fc.constantFrom('', '\ufffd', '\ufeff', '\ud800', '\udc00', 'a\ud83d', '\ude00b', 'é', '€', '\u0000'),
)

const part = fc.oneof(fc.constant(null), text, fc.uint8Array({ maxLength: 40 }))
const time = fc.oneof(fc.integer({ min: 1_000, max: 1_003 }), fc.double({ noNaN: true, noDefaultInfinity: true }))

const record: fc.Arbitrary<TestRecord> = fc.record({
  key: part,
  value: part,
  timestamp: time,
  id: fc.option(text, { nil: null }),
  headers: fc.option(
    fc.dictionary(fc.oneof(text, fc.constant('__proto__')), text, {
      maxKeys: 3,
      noNullPrototype: false,
    }),
    { nil: null },
  ),
  watermark: fc.oneof(fc.constant(-Infinity), time),
})

/** Batches with all columns, with some and with none. */
export const records: fc.Arbitrary<ReadonlyArray<TestRecord>> = fc
  .tuple(fc.array(record, { minLength: 1, maxLength: 12 }), fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean())
  .map(([list, oneTime, noIds, noHeaders, noWatermarks]) =>
    list.map((each) => ({
      ...each,
      timestamp: oneTime ? 1_000 : each.timestamp,
      id: noIds ? null : each.id,
      headers: noHeaders ? null : each.headers,
      watermark: noWatermarks ? -Infinity : each.watermark,
    })),
  )

export const builderOf = (list: ReadonlyArray<TestRecord>, options?: RecordBatchOptions): RecordBatchBuilder => {
  const builder = new RecordBatchBuilder(options)
  for (const { key, value, timestamp, id, headers, watermark } of list) {
    builder.add(key, value, timestamp, id, headers, watermark)
  }
  return builder
}

export const sealed = (list: ReadonlyArray<TestRecord>, options?: RecordBatchOptions): Uint8Array<ArrayBuffer> => {
  const bytes = builderOf(list, options).build(7)
  sealBatch(bytes, Number.MAX_VALUE, crc32)
  return bytes
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** What a reader of the record must see: text is well formed there. */
export const expected = ({ key, value, timestamp, id, headers, watermark }: TestRecord) => ({
  key: bytesOf(key),
  value: bytesOf(value),
  keyText: textOf(key),
  valueText: textOf(value),
  timestamp,
  id: id?.toWellFormed() ?? null,
  headers: Object.entries(headers ?? {}).map(([name, each]) => [name.toWellFormed(), each.toWellFormed()]),
  watermark,
})

export const seen = (batch: RecordBatch, index: number): ReturnType<typeof expected> => ({
  key: plain(batch.key(index)),
  value: plain(batch.value(index)),
  keyText: batch.keyText(index),
  valueText: batch.valueText(index),
  timestamp: batch.timestamp(index),
  id: batch.id(index),
  headers: Object.entries(batch.headers(index)).map(([name, each]) => [name, each]),
  watermark: batch.watermark(index),
})

const bytesOf = (given: Uint8Array | string | null): Uint8Array | null =>
  typeof given === 'string' ? encoder.encode(given) : given
const textOf = (given: Uint8Array | string | null): string | null => {
  const bytes = bytesOf(given)
  return bytes === null ? null : decoder.decode(bytes)
}
const plain = (given: Uint8Array | null): Uint8Array | null => (given === null ? null : new Uint8Array(given))
