import { describe, expect, test } from 'vitest'
import { TopicTrie } from '../src/internal/TopicTrie.ts'
import { patternWords } from '../src/topicPattern.ts'

/** The cases by which RabbitMQ tests its topic exchange: the targets t1 to t26, in the order of the patterns. */
const patterns = (
  'a.b.c a.*.c a.#.b a.b.b.c # #.# #.b *.* a.* *.b.c a.# a.#.# b.b.c a.b.b a.b b.c  *.*.* vodka.martini ' +
  'a.b.c *.# #.*.# *.#.# #.#.# * #.b.#'
).split(' ')
const cases: ReadonlyArray<readonly [routingKey: string, targets: ReadonlyArray<number>]> = [
  ['a.b.c', [1, 2, 5, 6, 10, 11, 12, 18, 20, 21, 22, 23, 24, 26]],
  ['a.b', [3, 5, 6, 7, 8, 9, 11, 12, 15, 21, 22, 23, 24, 26]],
  ['a.b.b', [3, 5, 6, 7, 11, 12, 14, 18, 21, 22, 23, 24, 26]],
  ['', [5, 6, 17, 24]],
  ['b.c.c', [5, 6, 18, 21, 22, 23, 24, 26]],
  ['a.a.a.a.a', [5, 6, 11, 12, 21, 22, 23, 24]],
  ['vodka.gin', [5, 6, 8, 21, 22, 23, 24]],
  ['vodka.martini', [5, 6, 8, 19, 21, 22, 23, 24]],
  ['b.b.c', [5, 6, 10, 13, 18, 21, 22, 23, 24, 26]],
  ['nothing.here.at.all', [5, 6, 21, 22, 23, 24]],
  ['oneword', [5, 6, 21, 22, 23, 24, 25]],
]

describe('matches as the topic exchanges of AMQP', () => {
  const trie = new TopicTrie<number>()
  patterns.forEach((pattern, index) => trie.add(patternWords(pattern), index + 1))

  test.each(cases)('%j', (routingKey, targets) => {
    expect([...trie.match(routingKey)].toSorted((a, b) => a - b)).toEqual(targets)
  })
})

test('matches the examples of the specification', () => {
  const trie = new TopicTrie<string>()
  for (const pattern of ['*.stock.#', 'usd', 'db.#']) trie.add(patternWords(pattern), pattern)
  const matched = (key: string): string[] => [...trie.match(key)]
  expect(matched('usd.stock')).toEqual(['*.stock.#'])
  expect(matched('eur.stock.db')).toEqual(['*.stock.#'])
  expect(matched('stock.nasdaq')).toEqual([])
  expect(matched('usd')).toEqual(['usd'])
  expect(matched('db')).toEqual(['db.#'])
})

test('takes a long key through many # in no time', () => {
  const trie = new TopicTrie<string>()
  const pattern = `${'#.a.'.repeat(30)}end`
  trie.add(patternWords(pattern), pattern)
  expect(trie.match('a.'.repeat(500) + 'b').size).toBe(0)
  expect(trie.match('a.'.repeat(500) + 'end').size).toBe(1)
})
