import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { EncodeFailed } from '../../src/model/errors.ts'
import { failureOf, itIsLawful } from './laws.ts'
import { codePoint } from '../model/codePoint.ts'

const codePoints = (text: string): number[] => Array.from(text, (char) => char.codePointAt(0)!)
const compareLists = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  const at = a.findIndex((each, index) => each !== b[index])
  return at === -1 ? a.length - b.length : at >= b.length ? 1 : a[at]! - b[at]!
}

describe('utf8', () => {
  const edges = fc.constantFrom('', '\ufeff', '\ufeffa', '\u0000', '\ufffd', 'x'.repeat(50), 'é'.repeat(90))
  itIsLawful({
    codec: utf8,
    values: fc.oneof(
      fc.string({ unit: codePoint, maxLength: 4 }),
      fc.string({ unit: codePoint, maxLength: 20 }),
      edges,
    ),
    compare: (a, b) => compareLists(codePoints(a), codePoints(b)),
    runs: 600,
  })

  it('refuses bytes that are no UTF-8 instead of mending them', () => {
    for (const given of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
      expect(failureOf(utf8, new Uint8Array(given)).reason).toBe('expected UTF-8 text')
    }
  })

  it('refuses to write what would come back as something else', () => {
    for (const given of ['\ud800', 'a\udc00b', undefined, null, 7, {}]) {
      expect(() => utf8.encode(given as string)).toThrow(EncodeFailed)
      expect(() => utf8.text?.encode(given as string)).toThrow(EncodeFailed)
    }
  })
})

describe('bytes', () => {
  itIsLawful({
    codec: bytes,
    values: fc.oneof(fc.uint8Array(), fc.uint8Array({ maxLength: 4 })),
    compare: (a, b) => compareLists([...a], [...b]),
    runs: 400,
  })

  it('refuses to write what is no bytes', () => {
    for (const given of ['text', undefined, null, [1], new ArrayBuffer(1)]) {
      expect(() => bytes.encode(given as unknown as Uint8Array)).toThrow(EncodeFailed)
    }
  })
})
