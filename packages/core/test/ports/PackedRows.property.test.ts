import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Codec } from '../../src/codec/Codec.ts'
import { float64 } from '../../src/codec/float64.ts'
import { int } from '../../src/codec/int.ts'
import { int32 } from '../../src/codec/int32.ts'
import { jsonUnchecked } from '../../src/codec/json.ts'
import { msgpack } from '../../src/codec/msgpack.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import type { RowChange } from '../../src/ports/Commit.ts'
import { packRows, PackedRows } from '../../src/ports/PackedRows.ts'

const bytes = fc.uint8Array({ maxLength: 300 })

const changes: fc.Arbitrary<ReadonlyArray<RowChange>> = fc.array(
  fc.record({ key: bytes, value: fc.option(bytes, { nil: null }) }),
  { maxLength: 40 },
)

const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '字', '\u{1f600}'), maxLength: 90 })

/** A codec and a value of it. */
const encodable = fc.oneof(
  fc.tuple(fc.constant(utf8 as Codec<unknown>), text),
  fc.tuple(fc.constant(jsonUnchecked<unknown>()), fc.record({ text })),
  fc.tuple(fc.constant(int as Codec<unknown>), fc.maxSafeInteger()),
  fc.tuple(fc.constant(int32 as Codec<unknown>), fc.integer()),
  fc.tuple(fc.constant(float64 as Codec<unknown>), fc.double()),
  fc.tuple(fc.constant(msgpack<unknown>()), fc.record({ text })),
)

const packedOf = (rows: ReadonlyArray<RowChange>): PackedRows => {
  const packed = new PackedRows()
  for (const row of rows) packed.push(row)
  return packed
}

describe('PackedRows', () => {
  test('gives the changes that were added, in order', () => {
    fc.assert(
      fc.property(changes, (given) => {
        const packed = packedOf(given)
        expect(packRows(given)).toMatchObject({ length: packed.length, bytes: packed.bytes })
        expect(packed.length).toBe(given.length)
        expect([...packed]).toEqual(given)
      }),
    )
  })

  test('are their own bytes: nothing that is added later, or written to what was given, changes them', () => {
    const key = new Uint8Array([1])
    const packed = packedOf([{ key, value: key }])
    const [row] = [...packed]
    key[0] = 9
    row!.key[0] = 8
    for (const each of packed) packed.push({ ...each, key: new Uint8Array(1_000) })
    expect([...packed][0]).toEqual({ key: new Uint8Array([1]), value: new Uint8Array([1]) })
    expect(packRows(packed)).toBe(packed)
  })

  test('have the bytes of a value that its codec gives, wherever it is written', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(encodable, fc.option(encodable, { nil: undefined })), { maxLength: 30 }),
        fc.nat(200),
        (given, bytesMin) => {
          const packed = new PackedRows(bytesMin)
          for (const [[keyCodec, key], valued] of given) {
            packed.begin()
            packed.addWord(7)
            packed.addEncoded(keyCodec, key)
            if (valued === undefined) packed.endRemoved()
            else packed.endEncoded(valued[0], valued[1])
          }
          const expected = given.map(([[keyCodec, key], valued]) => ({
            key: Uint8Array.from([0, 0, 0, 7, ...keyCodec.encode(key)]),
            value: valued === undefined ? null : Uint8Array.from(valued[0].encode(valued[1])),
          }))
          expect([...packed]).toEqual(expected)
        },
      ),
    )
  })

  test('use the encode of a codec that is made of another', () => {
    const cents: Codec<number> = { ...int32, name: 'cents', encode: (euros) => int32.encode(euros * 100) }
    const packed = new PackedRows()
    packed.begin()
    packed.endEncoded(cents, 2)
    expect([...packed]).toEqual([{ key: new Uint8Array(0), value: int32.encode(200) }])
  })
})
