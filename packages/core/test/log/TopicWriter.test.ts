import { expect, test } from 'vitest'
import type { Codec } from '../../src/codec/Codec.ts'
import { int } from '../../src/codec/int.ts'
import { topic } from '../../src/log/Topic.ts'
import { TopicWriter } from '../../src/log/TopicWriter.ts'
import { RecordBatch } from '../../src/model/RecordBatch.ts'

test('a record that is added while another one is at work takes nothing of it away', () => {
  const added = new Set<number>()
  const also = (number: number): void => {
    if (added.has(number)) return
    added.add(number)
    writer.add(number, number, 0, null, null, -Infinity, 0)
  }
  const kept: Uint8Array[] = []
  const key: Codec<number> = { ...int, name: 'also', encode: (value) => (also(10), int.encode(value)) }
  const numbers = topic('numbers', {
    key,
    value: int,
    partitioner: (encoded) => {
      kept.push(encoded as Uint8Array)
      also(20)
      return 0
    },
  })
  const writer: TopicWriter<number, number> = new TopicWriter(numbers, {
    ...numbers,
    id: 1,
    firstPartition: 0,
  } as never)
  for (const number of [1, 2]) writer.add(number, number, 0, null, null, -Infinity, undefined)
  const [closed] = writer.take()
  const batch = RecordBatch.view(closed!.append.batch, 0)
  const found = Array.from({ length: batch.count }, (_, at) => [
    int.decode(batch.key(at)!),
    int.decode(batch.value(at)!),
  ])
  expect(found).toEqual([10, 20, 1, 2].map((number) => [number, number].map((each) => int.decode(int.encode(each)))))
  // who keeps a key may do so
  expect(kept.map((encoded) => int.decode(encoded))).toEqual([1, 2].map((number) => int.decode(int.encode(number))))
})
