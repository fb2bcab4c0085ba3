import { type Headers, InvalidOption, type ProducerRecord } from '@weir/core'
import { requireInteger, requireKnown } from '@weir/core/protocol'
import { RecordBatchBuilder } from '@weir/core/storage'
import fc from 'fast-check'
import { requireArbitrary } from './internal/requireArbitrary.ts'

/** How the event times of generated records run. */
export interface TimesOptions {
  /** Where they begin, in ms since 1970; 0 by default. */
  readonly startMs?: number
  /** The most that time moves on from one record to the next; 1 000 ms by default. */
  readonly stepMsMax?: number
  /** The most that a record lies behind the time reached; a quarter of them do. 0 (in order) by default. */
  readonly disorderMsMax?: number
}

/** What is drawn, and how much of it. */
export interface RecordsOptions<K, V> {
  readonly key: fc.Arbitrary<K>
  readonly value: fc.Arbitrary<V>
  readonly times?: TimesOptions
  /** None by default; see `arbitraryHeaders`. */
  readonly headers?: fc.Arbitrary<Headers>
  readonly countMin?: number
  /** 20 by default. */
  readonly countMax?: number
}

/**
 * Records for a topic, in the order in which they are to be appended. Shrinks to fewer records, then to smaller ones,
 * with their times kept in their order.
 *
 * @throws InvalidOption
 * @example
 * import fc from 'fast-check'
 *
 * const times = { stepMsMax: 500, disorderMsMax: 2_000 }
 * const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(9), times, countMin: 5, countMax: 5 })
 * fc.sample(records, 1).flat().length // => 5
 */
export const arbitraryRecords = <K, V>(
  options: RecordsOptions<K, V>,
): fc.Arbitrary<ReadonlyArray<ProducerRecord<K, V>>> => {
  requireKnown('arbitraryRecords', options, ['key', 'value', 'times', 'headers', 'countMin', 'countMax'])
  const { key, value, times = {}, headers, countMin = 0, countMax = 20 } = options
  requireArbitrary('arbitraryRecords: key', key)
  requireArbitrary('arbitraryRecords: value', value)
  if (headers !== undefined) requireArbitrary('arbitraryRecords: headers', headers)
  requireInteger('arbitraryRecords: countMax', countMax, 0, 2 ** 31 - 1)
  requireInteger('arbitraryRecords: countMin', countMin, 0, countMax)
  requireKnown('arbitraryRecords: times', times, ['startMs', 'stepMsMax', 'disorderMsMax'])
  const { startMs = 0, stepMsMax = 1_000, disorderMsMax = 0 } = times
  if (!Number.isFinite(startMs)) {
    throw new InvalidOption(`arbitraryRecords: startMs is ${startMs}; expected milliseconds since 1970`)
  }
  requireWhole('stepMsMax', stepMsMax)
  requireWhole('disorderMsMax', disorderMsMax)
  const inOrder = fc.constant(0)
  const behindMs =
    disorderMsMax === 0
      ? inOrder
      : fc.oneof({ arbitrary: inOrder, weight: 3 }, { arbitrary: fc.nat(disorderMsMax), weight: 1 })
  const step = fc.record({
    key,
    value,
    stepMs: fc.nat(stepMsMax),
    behindMs,
    headers: headers ?? fc.constant(undefined),
  })
  return fc.array(step, { minLength: countMin, maxLength: countMax, size: 'max' }).map((steps) => {
    let reachedMs = startMs
    return steps.map((one): ProducerRecord<K, V> => {
      reachedMs += one.stepMs
      const record = { key: one.key, value: one.value, timestamp: reachedMs - one.behindMs }
      return one.headers === undefined ? record : { ...record, headers: one.headers }
    })
  })
}

/**
 * One of a few keys, so that records meet: `a`, `b` and so on.
 *
 * @param count - 1 to 26
 * @throws InvalidOption
 */
export const arbitraryKey = (count: number): fc.Arbitrary<string> => {
  if (!Number.isInteger(count) || count < 1 || count > 26) {
    throw new InvalidOption(`arbitraryKey: count is ${count}; expected a whole number from 1 to 26`)
  }
  return fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz'.slice(0, count).split(''))
}

/** Headers of up to 3 names, among them awkward ones: empty, `__proto__`, beyond ASCII. */
export const arbitraryHeaders = (): fc.Arbitrary<Headers> => {
  const name = fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', '__proto__', 'constructor', 'ü', 'trace-id'))
  const value = fc.string({ unit: 'grapheme', maxLength: 12 })
  return fc
    .uniqueArray(fc.tuple(name, value), { maxLength: 3, selector: ([given]) => given })
    .map((entries) => Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(entries)))
}

/** A record as a batch takes it; text stands for its UTF-8 bytes. */
export interface BatchRecord {
  readonly key: string | Uint8Array | null
  readonly value: string | Uint8Array | null
  readonly timestamp: number
  readonly id: string | null
  readonly headers: Headers | null
  readonly watermark: number
}

/** Records with everything that a batch can hold: nulls, empty parts, ASCII, other text, bytes, ids, headers, watermarks. */
export const arbitraryBatchRecord = (): fc.Arbitrary<BatchRecord> => {
  const part = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.uint8Array({ maxLength: 16 }),
    fc.constant(null),
  )
  return fc.record({
    key: part,
    value: part,
    timestamp: fc.oneof(fc.constant(0), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })),
    id: fc.option(fc.string({ maxLength: 8 })),
    headers: fc.option(arbitraryHeaders()),
    watermark: fc.oneof(fc.constant(-Infinity), fc.integer()),
  })
}

/** An encoded batch, not sealed yet, with the records that are in it: what an `Append` carries. */
export const arbitraryBatch = (
  countMax = 8,
): fc.Arbitrary<{ readonly records: ReadonlyArray<BatchRecord>; readonly batch: Uint8Array }> =>
  fc.array(arbitraryBatchRecord(), { minLength: 1, maxLength: countMax }).map((records) => {
    const builder = new RecordBatchBuilder()
    for (const { key, value, timestamp, id, headers, watermark } of records) {
      builder.add(key, value, timestamp, id, headers, watermark)
    }
    return { records, batch: builder.build() }
  })

const requireWhole = (name: string, given: number): void => {
  if (!Number.isSafeInteger(given) || given < 0) {
    throw new InvalidOption(`arbitraryRecords: ${name} is ${given}; expected a whole number of ms from 0 on`)
  }
}
