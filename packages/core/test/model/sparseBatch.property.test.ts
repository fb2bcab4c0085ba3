import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sealBatch, verifyBatch } from '../../src/model/batchFormat.ts'
import { CorruptBatch, InvariantViolated } from '../../src/model/errors.ts'
import { offsetOfTime } from '../../src/model/offsetOfTime.ts'
import { RecordBatch } from '../../src/model/RecordBatch.ts'
import { RecordBatchBuilder } from '../../src/model/RecordBatchBuilder.ts'
import { sparseBatch } from '../../src/model/sparseBatch.ts'

interface Given {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly id: string | null
  readonly isKept: boolean
}

const given = fc.array(
  fc.record({
    key: fc.option(fc.string()),
    value: fc.option(fc.string()),
    timestamp: fc.nat(20),
    id: fc.option(fc.string()),
    isKept: fc.boolean(),
  }),
  { minLength: 1, maxLength: 20 },
)

const sparseOf = (records: ReadonlyArray<Given>): Uint8Array => {
  const builder = new RecordBatchBuilder()
  const indexes: number[] = []
  records.forEach(({ key, value, timestamp, id, isKept }, index) => {
    if (!isKept) return
    builder.add(key, value, timestamp, id, null, -Infinity)
    indexes.push(index)
  })
  const kept = indexes.length === 0 ? undefined : builder.build()
  return sparseBatch({ count: records.length, indexes, kept, timestamp: 7 })
}

const indexesOf = (batch: RecordBatch): ReadonlyArray<number> => {
  const indexes: number[] = []
  for (let index = batch.nextKept(0); index < batch.count; index = batch.nextKept(index + 1)) indexes.push(index)
  return indexes
}

test('a sparse batch has the kept records at their places, in whatever order they are asked for', () => {
  fc.assert(
    fc.property(given, fc.array(fc.nat(19)), (records, asked) => {
      const bytes = sparseOf(records)
      sealBatch(bytes, 100, crc32)
      expect(verifyBatch(bytes, crc32)).toBe(true)
      const batch = RecordBatch.view(bytes, 40)
      const kept = records.flatMap(({ isKept }, index) => (isKept ? [index] : []))
      expect([batch.count, batch.keptCount, indexesOf(batch)]).toEqual([records.length, kept.length, kept])
      for (const index of [...asked, ...kept]) {
        if (index >= records.length) continue
        const next = kept.find((one) => one >= index) ?? records.length
        expect(batch.nextKept(index)).toBe(next)
        const { key, value, timestamp, id, isKept } = records[index]!
        if (isKept) {
          expect([batch.keyText(index), batch.valueText(index), batch.timestamp(index), batch.id(index)]).toEqual([
            key,
            value,
            timestamp,
            batch.hasIds ? id : null,
          ])
        } else expect(() => batch.value(index)).toThrow(InvariantViolated)
      }
      const time = asked[0] ?? 0
      const first = kept.find((index) => records[index]!.timestamp >= time)
      expect(offsetOfTime(batch, time)).toBe(40 + (first ?? 0))
    }),
  )
})

test('a batch with all of its records has none to pass over', () => {
  const builder = new RecordBatchBuilder()
  for (const value of ['a', 'b', 'c']) builder.add(null, value, 0, null, null, -Infinity)
  const batch = RecordBatch.view(builder.build(), 0)
  expect([batch.keptCount, indexesOf(batch)]).toEqual([3, [0, 1, 2]])
})

test('a batch without records has 68 bytes, whatever its count', () => {
  const bytes = sparseBatch({ count: 2 ** 30, indexes: [], kept: undefined, timestamp: 9 })
  const batch = RecordBatch.view(bytes, 5)
  expect([bytes.length, batch.count, batch.keptCount, batch.nextKept(3)]).toEqual([68, 2 ** 30, 0, 2 ** 30])
  expect([batch.timestampMax, batch.producerId, batch.source]).toEqual([9, 0, -1])
})

test('any cut or damaged sparse batch is refused or stays within its bytes', () => {
  fc.assert(
    fc.property(given, fc.nat(), fc.nat(255), (records, at, byte) => {
      const bytes = sparseOf(records)
      expect(() => RecordBatch.view(bytes.slice(0, at % bytes.length), 0)).toThrow(CorruptBatch)
      bytes[at % bytes.length] = byte
      try {
        indexesOf(RecordBatch.view(bytes, 0))
      } catch (error) {
        if (!(error instanceof CorruptBatch)) throw error
      }
    }),
  )
})
