import assert from 'node:assert/strict'
import { SinkMismatch } from '@weir/core'
import { failsWith } from '../storage/observe.ts'
import { holds, recordsIn, wasWritten, writeUpTo } from './parts.ts'
import type { Outside, SinkCase } from './SinkCase.ts'

/** Crashes, and owners that do not know that they were replaced. */
export const fenceCases: ReadonlyArray<SinkCase> = [
  {
    name: 'a writer that is opened while another one was never closed finds what that one made durable',
    run: async (outside) => {
      const crashed = await outside.open()
      await writeUpTo(crashed, 3)
      await crashed.write(recordsIn(3, 5), 5)
      const durable = crashed.position ?? 0
      const second = await outside.open()
      assert.equal(second.position, durable)
      await writeUpTo(second, 8)
      await holds(outside, recordsIn(0, 8))
    },
  },
  {
    name: 'a writer writes nothing once another one has written for its partition',
    run: async (outside) => {
      const zombie = await outside.open()
      await writeUpTo(zombie, 2)
      const owner = await outside.open()
      await writeUpTo(owner, 5)
      assert.equal(await wasWritten(writeUpTo(zombie, 4)), false)
      await holds(outside, recordsIn(0, 5))
      await writeUpTo(owner, 7)
      await holds(outside, recordsIn(0, 7))
    },
  },
  {
    name: 'what a writer had gathered is not let out once another one has written',
    run: async (outside) => {
      const zombie = await outside.open()
      await zombie.write(recordsIn(0, 4), 4)
      const owner = await outside.open()
      await writeUpTo(owner, 6)
      if (zombie.flush !== undefined) await wasWritten(zombie.flush())
      await holds(outside, recordsIn(0, 6))
    },
  },
  {
    name: 'of two that write from the same position at once one is fenced, and nothing is there twice',
    run: async (outside) => {
      const writers = [await outside.open(), await outside.open()]
      const written = await Promise.all(writers.map((writer) => wasWritten(writeUpTo(writer, 4))))
      assert.equal(written.filter(Boolean).length, 1, 'one of the two writes goes through')
      await holds(outside, recordsIn(0, 4))
      await writeUpTo(await outside.open(), 6)
      await holds(outside, recordsIn(0, 6))
    },
  },
  {
    name: 'a fenced writer that is opened again goes on behind the other one',
    run: async (outside) => {
      await outside.open()
      await writeUpTo(await outside.open(), 3)
      const again = await outside.open()
      assert.equal(again.position, 3)
      await writeUpTo(again, 4)
      await holds(outside, recordsIn(0, 4))
    },
  },
  {
    name: 'owners of other partitions do not fence each other',
    run: async (outside) => {
      const [first, second] = [await outside.open(), await outside.open({ partition: 1 })]
      await Promise.all([writeUpTo(first, 3), writeUpTo(second, 2)])
      await Promise.all([writeUpTo(first, 5), writeUpTo(second, 6)])
      assert.deepEqual([first.position, second.position], [5, 6])
    },
  },
  {
    name: 'what came from another log is refused, and stays as it is',
    run: async (outside) => {
      await writeUpTo(await outside.open(), 3)
      await failsWith(outside.open({ log: 'another' }), SinkMismatch)
      assert.equal((await outside.open()).position, 3)
      await holds(outside, recordsIn(0, 3))
    },
  },
]

/** For sinks that are at least once: nothing is lost, and what comes again can be told by its key. */
export const repeatCases: ReadonlyArray<SinkCase> = [
  {
    name: 'what was written is outside when the write is complete',
    run: async (outside) => {
      await writeUpTo(await outside.open(), 3)
      await holds(outside, recordsIn(0, 3))
    },
  },
  {
    name: 'what is written again after a crash is outside again: nothing is lost',
    run: async (outside: Outside) => {
      await writeUpTo(await outside.open(), 3)
      const second = await outside.open()
      assert.equal(second.position ?? 0, 0)
      await second.write(recordsIn(0, 5), 5)
      const seen = new Set((await outside.rows()).map(({ key }) => key))
      assert.deepEqual(
        [...seen],
        recordsIn(0, 5).map(({ key }) => key),
      )
    },
  },
]
