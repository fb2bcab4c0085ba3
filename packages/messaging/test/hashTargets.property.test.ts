import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hashTargets } from '../src/internal/hashTargets.ts'

const targets = fc.uniqueArray(
  fc.record({ target: fc.string({ minLength: 1, maxLength: 8 }), weight: fc.integer({ min: 1, max: 5 }) }),
  { minLength: 2, maxLength: 8, selector: ({ target }) => target },
)
const keys = Array.from({ length: 1_000 }, (_, index) => `key-${index}`)

test('moves only the keys of the target that goes', () => {
  fc.assert(
    fc.property(targets, (all) => {
      const [gone, ...rest] = all
      const before = hashTargets(all)
      const after = hashTargets(rest)
      for (const key of keys) if (before(key) !== gone!.target) expect(after(key)).toBe(before(key))
    }),
    { numRuns: 30 },
  )
})

test('gives each target its share of the keys', () => {
  const all = [
    { target: 'one', weight: 1 },
    { target: 'two', weight: 2 },
    { target: 'five', weight: 5 },
  ]
  const targetOf = hashTargets(all)
  const counts = new Map<string, number>()
  for (let index = 0; index < 80_000; index++) {
    const target = targetOf(`order-${index}`)!
    counts.set(target, (counts.get(target) ?? 0) + 1)
  }
  for (const { target, weight } of all) {
    expect(counts.get(target)!).toBeGreaterThan(weight * 10_000 * 0.95)
    expect(counts.get(target)!).toBeLessThan(weight * 10_000 * 1.05)
  }
})
