import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jumpHash } from '../../src/model/jumpHash.ts'
import { consistentHashPartitioner, murmur2Partitioner, roundRobinPartitioner } from '../../src/model/partitioner.ts'
import { text } from './arbitraries.ts'

const encoder = new TextEncoder()
const keys = Array.from({ length: 20_000 }, (_, index) => `key-${index}`)

describe('partitioners', () => {
  it('answer with a partition that exists, the same for text and its bytes', () => {
    const partitions = fc.integer({ min: 1, max: 65_536 })
    fc.assert(
      fc.property(text, partitions, fc.nat(), (key, count, nth) => {
        for (const partitioner of [murmur2Partitioner, consistentHashPartitioner, roundRobinPartitioner]) {
          const partition = partitioner(key, count, nth)
          expect(Number.isInteger(partition) && partition >= 0 && partition < count).toBe(true)
          expect(partitioner(encoder.encode(key), count, nth)).toBe(partition)
          const keyless = partitioner(null, count, nth)
          expect(Number.isInteger(keyless) && keyless >= 0 && keyless < count).toBe(true)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('spread keys evenly', () => {
    for (const partitioner of [murmur2Partitioner, consistentHashPartitioner, roundRobinPartitioner]) {
      const counts = new Array<number>(8).fill(0)
      keys.forEach((key, nth) => counts[partitioner(key, 8, nth)]!++)
      for (const count of counts) expect(Math.abs(count - keys.length / 8)).toBeLessThan(250)
    }
  })

  it('give records without a key to every partition, in turns', () => {
    const partitions = Array.from({ length: 32 * 6 }, (_, nth) => murmur2Partitioner(null, 3, nth))
    expect(new Set(partitions)).toEqual(new Set([0, 1, 2]))
    expect(partitions.filter((partition, nth) => nth > 0 && partition !== partitions[nth - 1]).length).toBe(5)
    expect([0, 1, 2, 3].map((nth) => roundRobinPartitioner(null, 3, nth))).toEqual([0, 1, 2, 0])
  })
})

describe('jumpHash', () => {
  it.each([
    [1, 1, 0],
    [42, 57, 43],
    [0xdead10cc, 1, 0],
    [0xdead10cc, 666, 361],
    [256, 1024, 520],
    // the carry between the halves of the 64-bit product, which one key in four billion has
    [0x666313ab, 65_536, 64164],
  ])('agrees with the published answer for %d in %d buckets', (key, buckets, bucket) => {
    expect(jumpHash(key, buckets)).toBe(bucket)
  })

  it('agrees with the algorithm as it is published, in 64-bit integers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 1, max: 65_536 }), (key, buckets) => {
        expect(jumpHash(key, buckets)).toBe(published(key, buckets))
      }),
      { numRuns: 1_000 },
    )
  })

  it('moves keys to the new bucket only when one is added', () => {
    for (const key of keys) {
      const before = consistentHashPartitioner(key, 8, 0)
      const after = consistentHashPartitioner(key, 9, 0)
      expect(after === before || after === 8).toBe(true)
    }
  })
})

const published = (key: number, buckets: number): number => {
  let state = BigInt(key)
  let bucket = -1
  let next = 0
  while (next < buckets) {
    bucket = next
    state = BigInt.asUintN(64, state * 2862933555777941757n + 1n)
    next = Math.floor((bucket + 1) * (2 ** 31 / Number((state >> 33n) + 1n)))
  }
  return bucket
}
