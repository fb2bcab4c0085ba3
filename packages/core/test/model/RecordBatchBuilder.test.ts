import { describe, expect, it } from 'vitest'
import { EncodeFailed, InvariantViolated } from '../../src/model/errors.ts'
import { RecordBatch } from '../../src/model/RecordBatch.ts'
import { RecordBatchBuilder } from '../../src/model/RecordBatchBuilder.ts'

const add = (
  builder: RecordBatchBuilder,
  key: Uint8Array | string | null,
  value: Uint8Array | string | null,
  timestamp = 1_000,
): void => builder.add(key, value, timestamp, null, null, -Infinity)

const values = (bytes: Uint8Array): Array<string | null> => {
  const batch = RecordBatch.view(bytes, 0)
  return Array.from({ length: batch.count }, (_, index) => batch.valueText(index))
}

describe('RecordBatchBuilder', () => {
  it('knows its exact size before it is built when all text is ASCII', () => {
    const builder = new RecordBatchBuilder()
    add(builder, 'k', 'value')
    builder.add(null, new Uint8Array(10), 1_001, 'id', { a: 'b' }, 999)
    const { byteLength } = builder
    const bytes = builder.build()
    expect(bytes.length).toBe(byteLength)
    expect(bytes.buffer.byteLength).toBe(byteLength)
    expect(builder.byteLength).toBe(byteLength)
    expect(builder.count).toBe(2)
  })

  it('leaves the times out when all are the same', () => {
    const same = new RecordBatchBuilder()
    const other = new RecordBatchBuilder()
    for (let index = 0; index < 10; index++) {
      add(same, null, 'v', 5)
      add(other, null, 'v', index === 9 ? 4 : 5)
    }
    expect(other.build().length - same.build().length).toBe(10 * 8)
  })

  it('copies bytes, so that they may be used again', () => {
    const builder = new RecordBatchBuilder()
    const short = new Uint8Array([65])
    const long = new Uint8Array(100).fill(66)
    add(builder, short, long)
    short.fill(0)
    long.fill(0)
    const batch = RecordBatch.view(builder.build(), 0)
    expect(batch.keyText(0)).toBe('A')
    expect(batch.valueText(0)).toBe('B'.repeat(100))
  })

  it('takes bytes and text in any order in one batch', () => {
    const builder = new RecordBatchBuilder()
    const given = ['a', new Uint8Array([98]), null, 'ü€', 'c', new Uint8Array([100]), '😀', null]
    for (const value of given) add(builder, null, value)
    expect(values(builder.build())).toEqual(['a', 'b', null, 'ü€', 'c', 'd', '😀', null])
  })

  it('keeps batches apart that are built at the same time', () => {
    const builders = Array.from({ length: 40 }, () => new RecordBatchBuilder())
    for (let round = 0; round < 50; round++) {
      builders.forEach((builder, index) => add(builder, null, new Uint8Array(50).fill(index + 48)))
    }
    builders.forEach((builder, index) => {
      expect(new Set(values(builder.build()))).toEqual(new Set([String.fromCharCode(index + 48).repeat(50)]))
    })
  })

  it('encodes much text in steps, so that no string comes near the limit of the platform', () => {
    const builder = new RecordBatchBuilder()
    const large = 'x'.repeat(3_000_000)
    for (const value of [large, 'é', large, 'a', large]) add(builder, null, value)
    expect(values(builder.build())).toEqual([large, 'é', large, 'a', large])
  })

  it('says what it built until a reset', () => {
    const builder = new RecordBatchBuilder()
    add(builder, 'k', new Uint8Array(50), 1)
    add(builder, null, 'v', 2)
    const { length } = builder.build()
    expect([builder.count, builder.byteLength]).toEqual([2, length])
  })

  it('begins anew after a reset', () => {
    const builder = new RecordBatchBuilder()
    builder.add('k', 'v', 9, 'id', { a: 'b' }, 8)
    builder.build(3)
    builder.reset()
    expect([builder.count, builder.byteLength]).toEqual([0, 64])
    add(builder, 'k2', 'v2', 5)
    const batch = RecordBatch.view(builder.build(), 0)
    expect(batch).toMatchObject({ count: 1, baseTimestamp: 5, timestampMax: 5, sequence: 0 })
    expect([batch.keyText(0), batch.valueText(0), batch.id(0), batch.watermark(0)]).toEqual([
      'k2',
      'v2',
      null,
      -Infinity,
    ])
  })

  it('is built once, and never empty', () => {
    const builder = new RecordBatchBuilder()
    expect(() => builder.build()).toThrow(InvariantViolated)
    add(builder, 'k', 'v')
    builder.build()
    expect(() => builder.build()).toThrow(InvariantViolated)
    expect(() => add(builder, 'k', 'v')).toThrow(InvariantViolated)
  })

  it('refuses what is no record and adds nothing then', () => {
    const builder = new RecordBatchBuilder()
    add(builder, 'k', 'v')
    const refused: Array<() => void> = [
      () => add(builder, 'k', 'v', Number.NaN),
      () => add(builder, 'k', 'v', Infinity),
      () => add(builder, undefined as never, 'v'),
      () => add(builder, 'k', undefined as never),
      () => add(builder, 'k', 7 as never),
      () => builder.add('k', 'v', 1, null, { a: 1 as never }, -Infinity),
    ]
    for (const attempt of refused) expect(attempt).toThrow(EncodeFailed)
    expect(values(builder.build())).toEqual(['v'])
  })
})
