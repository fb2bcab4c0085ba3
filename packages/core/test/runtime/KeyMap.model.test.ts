import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyHash, KeyMap } from '../../src/runtime/KeyMap.ts'

/** Few enough that they come again, and of all kinds. */
const arbitraryKey = fc.oneof(
  fc.integer({ min: 0, max: 60 }).map((nth) => `key-${nth}`),
  fc.constantFrom('', '0', 'é', '\u{1f600}', 'x'.repeat(100), 0, 1, -1, 0.5, 10n, true, null, undefined),
)
const step = fc.record({
  kind: fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom('put', 'put', 'put', 'delete') },
    { weight: 1, arbitrary: fc.constant('clear') },
  ),
  of: arbitraryKey,
  value: fc.nat(),
})

test('a map by keys is what Map is, also in the order of its texts and of its other keys, whatever is added, deleted and cleared', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const map = new KeyMap<{ readonly value: number }>()
      const model = new Map<unknown, { readonly value: number }>()
      for (const { kind, of, value } of steps) {
        if (kind === 'delete') {
          map.delete(of)
          model.delete(of)
        } else if (kind === 'clear') {
          map.clear()
          model.clear()
        } else if (!model.has(of)) {
          map.add(of, { value })
          model.set(of, { value })
        }
        expect(map.get(of)).toEqual(model.get(of))
        expect(map.size).toBe(model.size)
      }
      const isText = ([of]: readonly [unknown, unknown]): boolean => typeof of === 'string'
      const inOrder = [...[...model].filter(isText), ...[...model].filter((each) => !isText(each))]
      expect([...map]).toEqual(inOrder)
      expect(map.values()).toEqual(inOrder.map(([, value]) => value))
      for (const [of, value] of model) expect(map.get(of, keyHash(of))).toEqual(value)
    }),
  )
})

test('what a walk gives may be deleted on the way', () => {
  const map = new KeyMap<number>()
  for (let nth = 0; nth < 100; nth++) map.add(`key-${nth}`, nth)
  const seen: number[] = []
  for (const [key, value] of map) {
    seen.push(value)
    map.delete(key)
  }
  expect(seen).toEqual(Array.from({ length: 100 }, (_, nth) => nth))
  expect(map.size).toBe(0)
})

test('texts of the same content are one key, however they were made', () => {
  const map = new KeyMap<number>()
  const long = 'a text of more than a few characters'
  map.add(long.slice(2, 30), 1)
  expect(map.get(['text of more', ' than a few char'].join(''))).toBe(1)
  expect(map.get(`${long.slice(2, 10)}${long.slice(10, 30)}`)).toBe(1)
})

test('keys of one hash are told apart', () => {
  const map = new KeyMap<number>()
  for (const [nth, key] of ['a', 'b', 'c'].entries()) map.add(key, nth, 7)
  expect(['a', 'b', 'c', 'd'].map((key) => map.get(key, 7))).toEqual([0, 1, 2, undefined])
})
