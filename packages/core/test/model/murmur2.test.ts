import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { murmur2, murmur2OfText } from '../../src/model/murmur2.ts'
import { text } from './arbitraries.ts'

const encoder = new TextEncoder()

describe('murmur2', () => {
  // the vectors of Kafka's own UtilsTest
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %j as Kafka does', (key, hash) => {
    expect(murmur2(encoder.encode(key))).toBe(hash)
    expect(murmur2OfText(key)).toBe(hash)
  })

  it('hashes text as its UTF-8 bytes', () => {
    fc.assert(
      fc.property(text, (key) => murmur2OfText(key) === murmur2(encoder.encode(key))),
      { numRuns: 2_000 },
    )
  })
})
