import { InvalidOption, int32, roundRobinPartitioner, topic, utf8, Weir } from '@weir/core'
import { memory } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { lossChecker, stampingProducer, type StreamFault } from '../src/index.ts'

const numbers = topic('numbers', { key: utf8, value: int32, partitions: 3 })

describe('stamping', () => {
  test('numbers the records of each partition from 0 on, and puts them where they would go without it', async () => {
    const weir = await Weir.open(memory())
    const stamped = stampingProducer(await weir.producer(numbers), { source: 'a' })
    const plain = await weir.producer(numbers)
    for (let i = 0; i < 30; i++) {
      const [with_, without] = await Promise.all([stamped.append(`k${i}`, i), plain.append(`k${i}`, i)])
      expect(with_.partition).toBe(without.partition)
    }
    await stamped.append('x', 1, { partition: 2, headers: { own: 'y' } })
    const next = [0, 0, 0]
    for await (const record of weir.topic(numbers).from('earliest').toEnd()) {
      if (record.headers['weir.stamp'] === undefined) continue
      expect(record.headers['weir.stamp']).toBe(`${next[record.partition]!++}:a`)
      if (record.headers['own'] !== undefined) expect(record.partition).toBe(2)
    }
    expect(stamped.ends()).toEqual(next.map((each, partition) => ({ source: 'a', partition, next: each })))
    await weir.close()
  })

  test('uses up no number for records that are refused at once', async () => {
    const weir = await Weir.open(memory())
    const stamped = stampingProducer(await weir.producer(numbers), { source: 'a' })
    await stamped.append('k', 1, { partition: 0 })
    await expect(stamped.append('k', 0.5, { partition: 0 })).rejects.toThrow(/int32/)
    await expect(stamped.append('k', 1, { partition: 3 })).rejects.toThrow(/partition 3 does not exist/)
    await expect(stamped.append('k', 1, { id: 'i' })).rejects.toThrow(InvalidOption)
    await stamped.append('k', 2, { partition: 0 })
    expect(stamped.ends()).toEqual([{ source: 'a', partition: 0, next: 2 }])
    await weir.close()
  })

  test('stamps many at once as well, and nothing of it is amiss', async () => {
    const weir = await Weir.open(memory())
    const many = topic('many', { key: utf8, value: int32, partitions: 4, partitioner: roundRobinPartitioner })
    const producers = await Promise.all([weir.producer(many), weir.producer(many)])
    const stamped = producers.map((producer) => stampingProducer(producer))
    await Promise.all(
      stamped.map((each) => each.appendAll(Array.from({ length: 1_000 }, (_, value) => ({ key: 'k', value })))),
    )
    const checker = lossChecker()
    const faults: StreamFault[] = []
    for await (const record of weir.topic(many).from('earliest').toEnd()) faults.push(...checker.observe(record))
    expect([...faults, ...checker.finish(stamped.flatMap((each) => each.ends()))]).toEqual([])
    expect(stamped[0]!.source).toMatch(/^[0-9a-z]{20}$/)
    expect(stamped[0]!.source).not.toBe(stamped[1]!.source)
    await weir.close()
  })

  test('refuses an empty source', async () => {
    const weir = await Weir.open(memory())
    const producer = await weir.producer(numbers)
    expect(() => stampingProducer(producer, { source: '' })).toThrow(/source is empty/)
    await weir.close()
  })
})
