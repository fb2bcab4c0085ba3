import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { OffsetOutOfRange, type Storage } from '@weir/core'
import { verifyBatch } from '@weir/core/storage'
import { seededRandom } from '../../seededRandom.ts'
import { failsWith, readAll, unbounded } from './observe.ts'
import { append, commit, utf8 } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Reading records and finding them by time. */
export const readCases: ReadonlyArray<StorageCase> = [
  {
    name: 'a partition never written to reads as empty from 0, and has bounds 0 and 0',
    run: async (storage) => {
      assert.deepEqual(storage.bounds(7), { start: 0, end: 0 })
      assert.deepEqual(await storage.read(7, 0, unbounded), { batches: [], end: 0 })
      await failsWith(storage.read(7, 1, unbounded), OffsetOutOfRange)
    },
  },
  {
    name: 'a read begins with the batch that holds the position, wherever in it the position lies',
    run: async (storage) => {
      await fill(storage, 0, [3, 1, 4])
      const bases = [0, 0, 0, 3, 4, 4, 4, 4]
      for (const [position, base] of bases.entries()) {
        const { batches, end } = await storage.read(0, position, { recordsMax: 1, bytesMax: 1 })
        assert.deepEqual([batches.length, batches[0]!.baseOffset, end], [1, base, 8])
      }
    },
  },
  {
    name: 'at the end a read answers at once with no batches; beyond it and below the start it is refused',
    run: async (storage) => {
      await fill(storage, 0, [3])
      await fill(storage, 1, [5])
      assert.deepEqual(await storage.read(0, 3, unbounded), { batches: [], end: 3 })
      await failsWith(storage.read(0, 4, unbounded), OffsetOutOfRange)
      await failsWith(storage.read(0, -1, unbounded), OffsetOutOfRange)
    },
  },
  {
    name: 'no more records and bytes are read than asked for, but always one batch',
    run: async (storage) => {
      await fill(storage, 0, [3, 3, 3, 3])
      const counts = async (recordsMax: number, bytesMax: number): Promise<ReadonlyArray<number>> =>
        (await storage.read(0, 0, { recordsMax, bytesMax })).batches.map(({ count }) => count)
      const all = (await storage.read(0, 0, unbounded)).batches
      const size = all[0]!.byteLength
      assert.ok(all.every(({ byteLength }) => byteLength === size))
      assert.deepEqual(await counts(1, 1e9), [3])
      assert.deepEqual(await counts(1e9, 1), [3])
      assert.deepEqual(await counts(8, 1e9), [3, 3])
      assert.deepEqual(await counts(9, 1e9), [3, 3, 3])
      assert.deepEqual(await counts(1e9, 3 * size - 1), [3, 3])
      assert.deepEqual(await counts(1e9, 3 * size), [3, 3, 3])
      assert.deepEqual(await counts(1e9, 1e9), [3, 3, 3, 3])
    },
  },
  {
    name: 'reading on from the end of what was read gives every record once, in order, with any bounds',
    run: async (storage) => {
      await fill(storage, 0, [5, 1, 1, 8, 2, 3])
      await fill(storage, 1, [9])
      const all = await readAll(storage, 0)
      assert.deepEqual(
        all.map(({ offset }) => offset),
        Array.from({ length: 20 }, (_, n) => n),
      )
      for (const recordsMax of [1, 2, 6, 7, 100]) {
        for (const from of [0, 4, 6, 19, 20]) {
          assert.deepEqual(await readAll(storage, 0, from, { recordsMax, bytesMax: 1e9 }), all.slice(from))
        }
      }
    },
  },
  {
    name: 'batches are sealed: the checksum matches, and the running time is the largest one of the partition so far',
    run: async (storage) => {
      const times = [[5, 3], [4], [9, 2], [1], [-3, 9.5]]
      for (const [n, batch] of times.entries()) {
        await commit(storage, {
          append: [
            append(
              0,
              batch.map((timestamp) => ({ timestamp, value: `${n}` })),
            ),
          ],
        })
      }
      await commit(storage, { append: [append(1, [{ timestamp: -100 }])] })
      const { batches } = await storage.read(0, 0, unbounded)
      assert.ok(batches.every(({ bytes }) => verifyBatch(bytes, crc32)))
      assert.deepEqual(
        batches.map(({ runningTimestampMax }) => runningTimestampMax),
        [5, 5, 9, 9, 9.5],
      )
      assert.equal((await storage.read(1, 0, unbounded)).batches[0]!.runningTimestampMax, -100)
    },
  },
  {
    name: 'what was read stays as it is while more is committed and read',
    run: async (storage) => {
      await commit(storage, { append: [append(0, ['kept'])] })
      const { batches } = await storage.read(0, 0, unbounded)
      for (let n = 0; n < 20; n++) {
        await commit(storage, { append: [append(0, ['x'.repeat(5_000)])] })
        await storage.read(0, 0, unbounded)
      }
      assert.deepEqual(batches[0]!.value(0), utf8('kept'))
      assert.ok(verifyBatch(batches[0]!.bytes, crc32))
    },
  },
  {
    name: 'offsetAt is the first record at or after a time, also within a batch',
    run: async (storage) => {
      const times = [[10, 20], [20, 30, 40], [50]]
      for (const batch of times)
        await commit(storage, {
          append: [
            append(
              0,
              batch.map((timestamp) => ({ timestamp })),
            ),
          ],
        })
      const asked = [-Infinity, 9, 10, 11, 20, 20.5, 30, 35, 41, 50, 51, Infinity]
      const answers: number[] = []
      for (const timestamp of asked) answers.push(await storage.offsetAt(0, timestamp))
      assert.deepEqual(answers, [0, 0, 0, 1, 1, 3, 3, 4, 5, 5, 6, 6])
      assert.equal(await storage.offsetAt(1, 0), 0)
    },
  },
  {
    name: 'offsetAt is right when times are not in order',
    run: async (storage) => {
      const random = seededRandom(20_260_101)
      const times: number[] = []
      for (let n = 0; n < 60; n++) {
        const batch = Array.from({ length: 1 + Math.floor(random.next() * 6) }, () =>
          Math.floor(n * 3 + random.next() * 60),
        )
        times.push(...batch)
        await commit(storage, {
          append: [
            append(
              0,
              batch.map((timestamp) => ({ timestamp })),
            ),
          ],
        })
      }
      for (let timestamp = -1; timestamp <= 250; timestamp++) {
        const first = times.findIndex((time) => time >= timestamp)
        assert.equal(await storage.offsetAt(0, timestamp), first === -1 ? times.length : first)
      }
    },
  },
]

/** Appends batches of so many records each; the records' values are their offsets. */
const fill = async (storage: Storage, partition: number, counts: ReadonlyArray<number>): Promise<void> => {
  for (const count of counts) {
    const { end } = storage.bounds(partition)
    const values = Array.from({ length: count }, (_, index) => `${end + index}`.padStart(3))
    await commit(storage, { append: [append(partition, values)] })
  }
}
