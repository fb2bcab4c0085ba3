import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { textBytes } from '../../src/codec/textBytes.ts'
import { codePoint } from '../model/codePoint.ts'

const encoder = new TextEncoder()
const text = fc.oneof(
  fc.string({ unit: codePoint, maxLength: 100 }),
  fc.tuple(fc.string({ minLength: 1, maxLength: 3 }), fc.nat(2_000)).map(([part, times]) => part.repeat(times)),
)

describe('textBytes', () => {
  it('is the UTF-8 of a text, and stays so whatever is encoded after it', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 30 }), (texts) => {
        const encoded = texts.map(textBytes)
        expect(encoded.map((bytes) => new Uint8Array(bytes))).toEqual(texts.map((each) => encoder.encode(each)))
      }),
      { numRuns: 200 },
    )
  })

  it('goes on when somebody transfers a buffer away', () => {
    for (let round = 0; round < 5; round++) {
      const bytes = textBytes('é'.repeat(50))
      structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] })
      expect(new TextDecoder().decode(textBytes('é'.repeat(50)))).toBe('é'.repeat(50))
    }
  })
})
