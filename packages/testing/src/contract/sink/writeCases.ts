import assert from 'node:assert/strict'
import { holds, recordAt, recordsIn, writeUpTo } from './parts.ts'
import type { SinkCase } from './SinkCase.ts'

/** Writing, positions, and opening again. */
export const writeCases: ReadonlyArray<SinkCase> = [
  {
    name: 'a partition that was never written to has no position',
    run: async ({ open }) => assert.equal((await open()).position, undefined),
  },
  {
    name: 'what was written and flushed is outside, in order, and the position is behind it',
    run: async (outside) => {
      const writer = await outside.open()
      await writeUpTo(writer, 3)
      assert.equal(writer.position, 3)
      await writeUpTo(writer, 5)
      assert.equal(writer.position, 5)
      await holds(outside, recordsIn(0, 5))
    },
  },
  {
    name: 'the position says how far the outside is, at any moment',
    run: async (outside) => {
      const writer = await outside.open()
      for (let next = 1; next <= 5; next++) {
        await writer.write([recordAt(next - 1)], next)
        await holds(outside, recordsIn(0, writer.position ?? 0))
      }
      await writer.flush?.()
      await holds(outside, recordsIn(0, 5))
    },
  },
  {
    name: 'the position is the one that was given, also where offsets have no records',
    run: async (outside) => {
      const writer = await outside.open()
      await writer.write([recordAt(4), recordAt(7)], 12)
      await writer.flush?.()
      assert.equal(writer.position, 12)
      assert.equal((await outside.open()).position, 12)
      await holds(outside, [recordAt(4), recordAt(7)])
    },
  },
  {
    name: 'a writer that is opened after another was closed finds its position, and goes on there',
    run: async (outside) => {
      const first = await outside.open()
      await writeUpTo(first, 4)
      await outside.close(first)
      const second = await outside.open()
      assert.equal(second.position, 4)
      await writeUpTo(second, 6)
      await holds(outside, recordsIn(0, 6))
    },
  },
  {
    name: 'what a writer has gathered and not flushed is given up when it is closed',
    run: async (outside) => {
      const first = await outside.open()
      await first.write(recordsIn(0, 3), 3)
      const durable = first.position ?? 0
      await outside.close(first)
      assert.equal((await outside.open()).position ?? 0, durable)
      await holds(outside, recordsIn(0, durable))
    },
  },
  {
    name: 'what is gathered is due at some time, and nothing is when all is durable',
    run: async ({ open, advance }) => {
      const writer = await open()
      assert.equal(writer.flushDueMs ?? Infinity, Infinity)
      await writer.write(recordsIn(0, 2), 2)
      if (writer.position === 2) return
      assert.ok(Number.isFinite(writer.flushDueMs), `flushDueMs is ${writer.flushDueMs}; expected a time`)
      await advance(1_000)
      await writer.flush!()
      assert.equal(writer.position, 2)
      assert.equal(writer.flushDueMs ?? Infinity, Infinity)
    },
  },
  {
    name: 'partitions, topics and jobs do not know of each other',
    run: async (outside) => {
      const places = [{}, { partition: 1 }, { topic: 'other' }, { job: 'other' }, { topic: 'topic-0' }]
      for (const [index, place] of places.entries()) {
        const writer = await outside.open(place)
        assert.equal(writer.position, undefined)
        await writeUpTo(writer, index + 1)
      }
      for (const [index, place] of places.entries()) assert.equal((await outside.open(place)).position, index + 1)
    },
  },
  {
    name: 'any text comes back as it was',
    run: async (outside) => {
      const values = ['', ' ', 'a,b;"c"\n', "it's", '\r\n', 'ü€😀\u2028', '\\n \\ \t', '[1]', 'null', '-1', '{"a":[]}']
      const records = values.map((value, offset) => recordAt(offset, value))
      const writer = await outside.open()
      await writer.write(records, records.length)
      await writer.flush?.()
      await holds(outside, records)
    },
  },
  {
    name: 'thousands of records of one batch are all there',
    run: async (outside) => {
      const writer = await outside.open()
      await writeUpTo(writer, 5_000)
      await holds(outside, recordsIn(0, 5_000))
    },
  },
]
