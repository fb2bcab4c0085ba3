import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TopicTrie } from '../src/internal/TopicTrie.ts'
import { patternWords } from '../src/topicPattern.ts'

const word = fc.constantFrom('a', 'b', 'c')
const pattern = fc.array(fc.oneof(word, fc.constantFrom('*', '#')), { maxLength: 6 }).map((words) => words.join('.'))
const routingKey = fc.array(word, { maxLength: 8 }).map((words) => words.join('.'))

/** The definition, one pattern at a time. */
const fits = (words: ReadonlyArray<string>, key: ReadonlyArray<string>): boolean => {
  const [first, ...rest] = words
  if (first === undefined) return key.length === 0
  if (first === '#') return fits(rest, key) || (key.length > 0 && fits(words, key.slice(1)))
  return key.length > 0 && (first === '*' || first === key[0]) && fits(rest, key.slice(1))
}
const split = (text: string): string[] => (text === '' ? [] : text.split('.'))

test('finds in one walk what the definition finds pattern by pattern', () => {
  fc.assert(
    fc.property(
      fc.array(pattern, { maxLength: 30 }),
      fc.array(routingKey, { minLength: 1, maxLength: 10 }),
      (all, keys) => {
        const trie = new TopicTrie<number>()
        all.forEach((each, index) => trie.add(patternWords(each), index))
        for (const key of keys) {
          const expected = all.flatMap((each, index) => (fits(split(each), split(key)) ? [index] : []))
          expect([...trie.match(key)].toSorted((a, b) => a - b)).toEqual(expected)
        }
      },
    ),
    { numRuns: 500 },
  )
})
