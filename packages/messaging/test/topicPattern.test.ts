import { expect, test } from 'vitest'
import { InvalidPattern } from '../src/index.ts'
import { patternWords } from '../src/topicPattern.ts'

test.each(['a..b', '.a', 'a.', '.', '#..#'])('refuses the empty word of %j', (pattern) => {
  expect(() => patternWords(pattern)).toThrow(InvalidPattern)
})
test.each(['a*', 'a.#b', '**', '##'])('refuses the half wildcard of %j', (pattern) => {
  expect(() => patternWords(pattern)).toThrow(InvalidPattern)
})
test('accepts words and wildcards, and no words at all', () => {
  expect(patternWords('a.*.#.b-1')).toEqual(['a', '*', '#', 'b-1'])
  expect(patternWords('')).toEqual([])
})
