import fc from 'fast-check'
import { expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import type { Received } from '../../src/codec/Received.ts'
import { entry } from '../../src/log/entry.ts'
import { topic } from '../../src/log/Topic.ts'
import { ensureTopic } from '../../src/log/topicCatalog.ts'
import { openWorld } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      partition: fc.nat(1),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'turn' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'settle' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      how: fc.constantFrom('subscribe' as const, 'iterate' as const),
      from: fc.constantFrom('earliest' as const, 'latest' as const, 'middle' as const),
      partition: fc.constantFrom(undefined, 0, 1),
    }),
  },
)

test('whatever is appended while it is read, every reader gets each record from its beginning on once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
      const world = await openWorld()
      const { weir, clock, outcome } = world
      const { firstPartition } = await outcome(ensureTopic(weir.storage, words))
      const endOf = (partition: number): number => weir.storage.bounds(firstPartition + partition).end
      const readers: Array<{
        readonly starts: ReadonlyArray<number | undefined>
        readonly seen: Array<Received<string, string>>
      }> = []
      let appended = 0
      for (const each of steps) {
        if (each.kind === 'settle') await clock.settle()
        else if (each.kind === 'turn') clock.runTurns()
        else if (each.kind === 'append') {
          const { partition, count } = each
          void weir.append(...Array.from({ length: count }, () => entry(words, 'k', String(appended++), { partition })))
        } else {
          // an offset is of one partition
          const partition = each.partition ?? (each.from === 'middle' ? 0 : undefined)
          const begins = (at: number): number | undefined => {
            if (partition !== undefined && partition !== at) return undefined
            return { earliest: 0, latest: endOf(at), middle: endOf(at) >> 1 }[each.from]
          }
          const starts = [begins(0), begins(1)]
          const all = weir.topic(words).from(each.from === 'middle' ? { offset: starts[partition!]! } : each.from)
          const stream = partition === undefined ? all : all.partition(partition)
          const seen: Array<Received<string, string>> = []
          readers.push({ starts, seen })
          if (each.how === 'subscribe') stream.subscribe((record) => seen.push(record))
          else void stream.consume((record) => void seen.push(record))
        }
      }
      await clock.settle()
      for (const { starts, seen } of readers) {
        for (const partition of [0, 1]) {
          const start = starts[partition]
          const offsets = seen.filter((record) => record.partition === partition).map(({ offset }) => offset)
          const expected =
            start === undefined ? [] : Array.from({ length: endOf(partition) - start }, (_, n) => start + n)
          expect(offsets).toEqual(expected)
        }
      }
    }),
    { numRuns: 150 },
  )
})
