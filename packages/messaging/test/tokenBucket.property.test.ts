import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { leakyBucket, tokenBucket } from '../src/index.ts'
import { expectWithin } from './support/expectWithin.ts'

const rates = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.double({ min: 0.01, max: 5_000, noNaN: true }))
const sizes = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.double({ min: 1, max: 50, noNaN: true }))
/** How long after the one before each try is made, and for how many permits. */
const tries = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 5, noNaN: true }), fc.integer({ min: 0, max: 2_000 })),
    n: fc.integer({ min: 0, max: 5 }),
  }),
  { maxLength: 80 },
)

describe('tokenBucket', () => {
  test('never grants more than burst + rate * w in any window of w, whatever is asked for and when', () => {
    fc.assert(
      fc.property(rates, sizes, tries, (ratePerSecond, burst, asked) => {
        const bucket = tokenBucket({ ratePerSecond, burst })
        let nowMs = 0
        let state = bucket.fresh(0)
        const grantedAtMs: number[] = []
        for (const { afterMs, n } of asked) {
          nowMs += afterMs
          const taken = bucket.take(state, nowMs, n)
          state = taken.state
          if (taken.granted) for (let i = 0; i < n; i++) grantedAtMs.push(nowMs)
        }
        expectWithin(grantedAtMs, { burst, ratePerSecond })
      }),
    )
  })

  test('says when a refused take will be granted, and not earlier', () => {
    fc.assert(
      fc.property(rates, sizes, fc.integer({ min: 1, max: 50 }), (ratePerSecond, burst, n) => {
        const bucket = tokenBucket({ ratePerSecond, burst })
        const empty = { level: 0, atMs: 7 }
        const { granted, waitMs, state } = bucket.take(empty, 7, n)
        expect(granted).toBe(false)
        if (n > burst) {
          expect(waitMs).toBe(Infinity)
          return
        }
        expect(bucket.take(state, 7 + waitMs, n).granted).toBe(true)
        expect(bucket.take(state, 7 + waitMs * 0.999 - 1e-3, n).granted).toBe(false)
      }),
    )
  })

  test('is fresh again once it has filled up', () => {
    const bucket = tokenBucket({ ratePerSecond: 10, burst: 3 })
    const { state } = bucket.take(bucket.fresh(0), 0, 3)
    expect(bucket.isFresh(state, 299)).toBe(false)
    expect(bucket.isFresh(state, 300)).toBe(true)
  })

  test('gives nothing for time that goes back, and one more burst at most for time that jumps on', () => {
    const bucket = tokenBucket({ ratePerSecond: 10, burst: 2 })
    const empty = bucket.take(bucket.fresh(10_000), 10_000, 2).state
    expect(bucket.take(empty, 9_500)).toMatchObject({ granted: false, waitMs: 600 })
    // set back by more than a second: counts on from there
    expect(bucket.take(empty, 1_000)).toMatchObject({ granted: false, waitMs: 100, state: { level: 0, atMs: 1_000 } })
    expect(bucket.take(empty, 1e9, 3).granted).toBe(false)
    expect(bucket.take(empty, 1e9, 2).granted).toBe(true)
  })

  test('refuses limits that are none', () => {
    for (const ratePerSecond of [0, -1, NaN, Infinity]) {
      expect(() => tokenBucket({ ratePerSecond, burst: 1 })).toThrow(
        /ratePerSecond is .*; expected a finite number above 0/,
      )
    }
    for (const burst of [0, 0.5, NaN, Infinity]) {
      expect(() => tokenBucket({ ratePerSecond: 1, burst })).toThrow(
        /burst is .*; expected a finite number of at least 1/,
      )
    }
  })
})

describe('leakyBucket', () => {
  test('spaces what it grants by the rate, and holds no more than its capacity', () => {
    fc.assert(
      fc.property(rates, sizes, tries, (ratePerSecond, capacity, asked) => {
        const bucket = leakyBucket({ ratePerSecond, capacity })
        let nowMs = 0
        let state = bucket.fresh(0)
        const usedAtMs: number[] = []
        for (const { afterMs } of asked) {
          nowMs += afterMs
          const taken = bucket.take(state, nowMs)
          state = taken.state
          if (taken.granted) usedAtMs.push(nowMs + taken.waitMs)
          expect(state.level).toBeLessThanOrEqual(capacity + 1e-6)
        }
        expect(usedAtMs).toEqual(usedAtMs.toSorted((a, b) => a - b))
        expectWithin(usedAtMs, { burst: 1, ratePerSecond })
      }),
    )
  })

  test('says when there is room again', () => {
    const bucket = leakyBucket({ ratePerSecond: 10, capacity: 2 })
    const { state } = bucket.take(bucket.fresh(0), 0, 2)
    const refused = bucket.take(state, 40)
    expect(refused.granted).toBe(false)
    expect(refused.waitMs).toBeCloseTo(60)
    expect(bucket.take(refused.state, 100).granted).toBe(true)
    expect(bucket.take(state, 0, 3).waitMs).toBe(Infinity)
    expect(bucket.isFresh(state, 199)).toBe(false)
    expect(bucket.isFresh(state, 200)).toBe(true)
  })

  test('refuses limits that are none', () => {
    expect(() => leakyBucket({ ratePerSecond: 0, capacity: 1 })).toThrow(/ratePerSecond is 0/)
    expect(() => leakyBucket({ ratePerSecond: 1, capacity: 0 })).toThrow(/capacity is 0/)
  })
})
