import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifyBatch } from '../../src/model/batchFormat.ts'
import { CorruptBatch } from '../../src/model/errors.ts'
import { RecordBatch } from '../../src/model/RecordBatch.ts'
import { expected, records, sealed, seen } from './arbitraries.ts'

const distinctHeaders = (headers: Record<string, string> | null): boolean => {
  const names = Object.keys(headers ?? {}).map((name) => name.toWellFormed())
  return new Set(names).size === names.length
}

describe('RecordBatch', () => {
  it('gives back every record that was put in, wherever its bytes lie in memory', () => {
    fc.assert(
      fc.property(records, fc.nat(9), (list, shift) => {
        fc.pre(list.every(({ headers }) => distinctHeaders(headers)))
        const bytes = sealed(list)
        const moved = new Uint8Array(bytes.length + shift).subarray(shift)
        moved.set(bytes)
        const batch = RecordBatch.view(moved, 5)
        expect(batch.count).toBe(list.length)
        expect(list.map((_, index) => seen(batch, index))).toEqual(list.map(expected))
        expect(batch.timestampMax).toBe(Math.max(...list.map(({ timestamp }) => timestamp)))
      }),
      { numRuns: 500 },
    )
  })

  it('says that keys or values are ASCII only when their texts are exactly their bytes', () => {
    fc.assert(
      fc.property(records, (list) => {
        const batch = RecordBatch.view(sealed(list), 0)
        const ascii = (bytes: Uint8Array | null): boolean => bytes === null || bytes.every((byte) => byte < 0x80)
        expect(batch.keysAreAscii).toBe(list.every((_, index) => ascii(batch.key(index))))
        expect(batch.valuesAreAscii).toBe(list.every((_, index) => ascii(batch.value(index))))
      }),
      { numRuns: 300 },
    )
  })

  it('is refused after the flip of any one bit that the checksum covers', () => {
    fc.assert(
      fc.property(records, (list) => {
        const bytes = sealed(list.slice(0, 3))
        for (let bit = 64; bit < bytes.length * 8; bit++) {
          bytes[bit >> 3]! ^= 1 << (bit & 7)
          if (verifyBatch(bytes, crc32)) throw new Error(`the flip of bit ${bit} went unnoticed`)
          viewOrCorrupt(bytes)
          bytes[bit >> 3]! ^= 1 << (bit & 7)
        }
        expect(verifyBatch(bytes, crc32)).toBe(true)
      }),
      { numRuns: 20 },
    )
  })

  it('is refused when it is cut anywhere, or when something follows', () => {
    fc.assert(
      fc.property(records, (list) => {
        const bytes = sealed(list)
        for (let length = 0; length < bytes.length; length++) {
          expect(verifyBatch(bytes.subarray(0, length), crc32)).toBe(false)
          expect(() => RecordBatch.view(bytes.subarray(0, length), 0)).toThrow(CorruptBatch)
        }
        const longer = new Uint8Array([...bytes, 0])
        expect(verifyBatch(longer, crc32)).toBe(false)
        expect(() => RecordBatch.view(longer, 0)).toThrow(CorruptBatch)
      }),
      { numRuns: 20 },
    )
  })

  it('is read without a crash, or refused as corrupt, whatever the bytes are', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(records, damage, (list, changes) => {
        const bytes = sealed(list)
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte
        viewOrCorrupt(bytes)
      }),
      { numRuns: 2_000 },
    )
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), viewOrCorrupt), { numRuns: 500 })
  })
})

/** Touches everything there is; only `CorruptBatch` may come out. */
const viewOrCorrupt = (bytes: Uint8Array): void => {
  try {
    const batch = RecordBatch.view(bytes, 0)
    for (let index = 0; index < batch.count; index++) seen(batch, index)
  } catch (error) {
    if (!(error instanceof CorruptBatch)) throw error
  }
}
