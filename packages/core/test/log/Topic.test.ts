import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import { partitionsMax, topic } from '../../src/log/Topic.ts'
import { InvalidName, InvalidOption } from '../../src/model/errors.ts'
import { murmur2Partitioner } from '../../src/model/partitioner.ts'

const thrown = (action: () => unknown): unknown => {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('expected an error')
}
const named = (name: string) => () => topic(name, { key: utf8, value: utf8 })
const withPartitions = (partitions: number) => () => topic('orders', { key: utf8, value: utf8, partitions })

describe('a topic', () => {
  test('has one partition, Kafka’s partitioner and a bound of 1 MiB a record unless told otherwise', () => {
    expect(topic('orders', { key: utf8, value: utf8 })).toEqual({
      name: 'orders',
      key: utf8,
      value: utf8,
      partitions: 1,
      partitioner: murmur2Partitioner,
      cleanup: 'delete',
      recordBytesMax: 1_048_576,
    })
  })

  test.each(['', '.', '..', 'a/b', 'a\\b', '../orders', 'a b', 'a\u0000b', 'a\nb', 'ünï', 'a'.repeat(250)])(
    'refuses the name %j before anything is opened',
    (name) => {
      expect(thrown(named(name))).toBeInstanceOf(InvalidName)
    },
  )

  test('takes names up to the longest one', () => {
    expect(named('a'.repeat(249))().name).toHaveLength(249)
  })

  test.each([
    [0, '0'],
    [-1, '-1'],
    [1.5, '1.5'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [2 ** 31, '2147483648'],
    [partitionsMax + 1, '65537'],
    ['4' as unknown as number, '"4"'],
  ])('refuses %s partitions, saying what was given and what is possible', (partitions, shown) => {
    const error = thrown(withPartitions(partitions))
    expect(error).toBeInstanceOf(InvalidOption)
    expect((error as Error).message).toBe(
      `topic 'orders': partitions is ${shown}; expected a whole number from 1 to 65536`,
    )
  })

  test('takes 1 to 65 536 partitions', () => {
    expect([1, partitionsMax].map((partitions) => withPartitions(partitions)().partitions)).toEqual([1, 65_536])
  })

  test('refuses a bound, a cleanup, a partitioner or a codec that is none', () => {
    const options = { key: utf8, value: utf8 }
    const wrong = [
      { ...options, recordBytesMax: 0 },
      { ...options, cleanup: 'compress' as 'compact' },
      { ...options, partitioner: 'hash' as unknown as typeof murmur2Partitioner },
      { ...options, key: undefined as unknown as typeof utf8 },
      { ...options, value: String as unknown as typeof utf8 },
    ]
    for (const each of wrong) expect(thrown(() => topic('orders', each))).toBeInstanceOf(InvalidOption)
  })
})
