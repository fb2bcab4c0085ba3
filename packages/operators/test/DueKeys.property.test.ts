import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareKeys } from '../src/internal/compareKeys.ts'
import { DueKeys } from '../src/internal/DueKeys.ts'

interface Due {
  readonly dueMs: number
  readonly key: string
}

const due = fc.record({ dueMs: fc.constantFrom(-0.5, 0, 1, 2, 3, 1.7e12), key: fc.constantFrom('a', 'b', 'c', 'd') })

test('keys come in the order of their times, those of one time in their own, however pushes and pops are mixed', () => {
  fc.assert(
    fc.property(fc.array(fc.option(due), { maxLength: 60, size: 'max' }), (steps) => {
      const keys = new DueKeys<string>()
      let model: Due[] = []
      for (const pushed of steps) {
        if (pushed === null) {
          keys.pop()
          model = model.slice(1)
        } else {
          keys.push(pushed.dueMs, pushed.key)
          model = [...model, pushed].sort((a, b) => a.dueMs - b.dueMs || compareKeys(a.key, b.key))
        }
        expect([keys.dueMs, keys.key, keys.isEmpty]).toEqual([
          model[0]?.dueMs ?? Infinity,
          model[0]?.key,
          model.length === 0,
        ])
      }
    }),
  )
})
