import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { CommitConflict, type Replacement, type Storage } from '@weir/core'
import { batchChecksum, type RecordBatch, RecordBatchBuilder, sparseBatch, verifyBatch } from '@weir/core/storage'
import { failsWith, readAll, unbounded } from './observe.ts'
import { append, commit, type Given } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Batches replaced by ones with fewer records. */
export const replaceCases: ReadonlyArray<StorageCase> = [
  {
    name: 'a replacement removes records and leaves all others at their offsets, also where batches merge',
    run: async (storage) => {
      await fill(storage, 0, [3, 2, 4])
      const before = await readAll(storage, 0)
      await commit(storage, { replace: [await keeping(storage, 0, [0, 3], [1, 4])] })
      assert.deepEqual(storage.bounds(0), { start: 0, end: 9 })
      const kept = before.filter(({ offset }) => offset === 1 || offset === 4 || offset >= 5)
      assert.deepEqual(await readAll(storage, 0), kept)
      const { batches } = await storage.read(0, 0, unbounded)
      assert.deepEqual(
        batches.map(({ baseOffset, count, keptCount }) => [baseOffset, count, keptCount]),
        [
          [0, 5, 2],
          [5, 4, 4],
        ],
      )
      assert.ok(batches.every(({ bytes }) => verifyBatch(bytes, crc32)))
      for (let offset = 0; offset <= 9; offset++) {
        const found = await readAll(storage, 0, offset)
        assert.deepEqual(
          found,
          kept.filter((record) => record.offset >= offset),
        )
      }
    },
  },
  {
    name: 'a replacement may leave nothing, and then takes hardly any room',
    run: async (storage) => {
      await fill(storage, 0, [500, 500])
      await fill(storage, 0, [1])
      const last = storage.bytes(0)
      await commit(storage, { replace: [await keeping(storage, 0, [0, 500], [])] })
      assert.deepEqual(storage.bounds(0), { start: 0, end: 1_001 })
      assert.deepEqual(
        (await readAll(storage, 0)).map(({ offset }) => offset),
        [1_000],
      )
      assert.ok(last > 10_000 && storage.bytes(0) < 300, `${storage.bytes(0)} bytes are left of ${last}`)
    },
  },
  {
    name: 'a batch without records may be appended, so that a partition begins where another one does',
    run: async (storage) => {
      const gap = (): Uint8Array => sparseBatch({ count: 7, indexes: [], kept: undefined, timestamp: -5 })
      await commit(storage, { append: [{ partition: 0, batch: gap() }] })
      await commit(storage, { append: [append(0, ['a']), { partition: 0, batch: gap() }, append(0, ['b'])] })
      await commit(storage, { trim: [{ partition: 0, before: 7 }] })
      assert.deepEqual(storage.bounds(0), { start: 7, end: 16 })
      assert.deepEqual(
        (await readAll(storage, 0, 7)).map(({ offset, value }) => [offset, value]),
        [
          [7, 'a'],
          [15, 'b'],
        ],
      )
      assert.equal(await storage.offsetAt(0, 0), 7)
    },
  },
  {
    name: 'batches that are not as they were read any more are not replaced',
    run: async (storage) => {
      await fill(storage, 0, [3, 3])
      const first = await keeping(storage, 0, [0, 3], [2])
      const second = await keeping(storage, 0, [3], [4])
      const gap = await keeping(storage, 0, [0], [2])
      await commit(storage, { replace: [first] })
      await failsWith(commit(storage, { replace: [second] }), CommitConflict)
      await failsWith(commit(storage, { replace: [gap] }), CommitConflict)
      await commit(storage, { trim: [{ partition: 0, before: 6 }] })
      await failsWith(commit(storage, { replace: [first] }), CommitConflict)
      assert.deepEqual(await readAll(storage, 0, 6), [])
    },
  },
  {
    name: 'a batch that was replaced meanwhile by one of the same place and length is not replaced',
    run: async (storage) => {
      await fill(storage, 0, [3])
      const early = await keeping(storage, 0, [0], [0, 2])
      await commit(storage, { replace: [await keeping(storage, 0, [0], [2])] })
      await failsWith(commit(storage, { replace: [early] }), CommitConflict)
      assert.deepEqual(
        (await readAll(storage, 0)).map(({ offset }) => offset),
        [2],
      )
    },
  },
  {
    name: 'a replacement of another number of offsets is refused',
    run: async (storage) => {
      await fill(storage, 0, [3, 3])
      const both = await keeping(storage, 0, [0, 3], [1])
      await failsWith(commit(storage, { replace: [{ ...both, batches: [both.batches[0]!] }] }), CommitConflict)
      await failsWith(commit(storage, { replace: [{ ...both, batches: [] }] }), CommitConflict)
      await failsWith(commit(storage, { replace: [{ ...both, batches: both.batches.toReversed() }] }), CommitConflict)
    },
  },
  {
    name: 'the ids of records that are left out are forgotten, those of kept ones are not',
    run: async (storage) => {
      const given = (ids: ReadonlyArray<string>): ReadonlyArray<Given> => ids.map((id) => ({ id }))
      await commit(storage, { append: [append(0, given(['a', 'b', 'c']), { scope: 1 })] })
      await commit(storage, { replace: [{ ...(await keeping(storage, 0, [0], [1])), dedupScope: 1 }] })
      const { appends } = await commit(storage, { append: [append(0, given(['a', 'b', 'c']), { scope: 1 })] })
      assert.deepEqual(appends[0]!.offsets, [3, 1, 4])
    },
  },
  {
    name: 'times are found as if the removed records were there, or behind them',
    run: async (storage) => {
      for (const times of [[10, 50], [20], [60]])
        await commit(storage, {
          append: [
            append(
              0,
              times.map((timestamp) => ({ timestamp })),
            ),
          ],
        })
      await commit(storage, { replace: [await keeping(storage, 0, [0], [0])] })
      assert.equal(await storage.offsetAt(0, 5), 0)
      assert.ok((await storage.offsetAt(0, 40)) <= 3)
      assert.equal(await storage.offsetAt(0, 55), 3)
    },
  },
  {
    name: 'what is replaced while other records are appended, in one commit, is there with them; a trim goes on through it',
    run: async (storage) => {
      await fill(storage, 0, [4, 4])
      const replace = [await keeping(storage, 0, [0], [2])]
      await commit(storage, { append: [append(0, ['new'])], replace })
      assert.deepEqual(
        (await readAll(storage, 0)).map(({ offset }) => offset),
        [2, 4, 5, 6, 7, 8],
      )
      await commit(storage, { trim: [{ partition: 0, before: 3 }] })
      assert.deepEqual(
        (await readAll(storage, 0, 3)).map(({ offset }) => offset),
        [4, 5, 6, 7, 8],
      )
      await commit(storage, { trim: [{ partition: 0, before: 9 }] })
      assert.deepEqual([storage.bounds(0), storage.bytes(0)], [{ start: 9, end: 9 }, 0])
    },
  },
]

/** A replacement of the batches at these offsets that leaves the records at those ones. */
const keeping = async (
  storage: Storage,
  partition: number,
  baseOffsets: ReadonlyArray<number>,
  kept: ReadonlyArray<number>,
): Promise<Replacement> => {
  const { batches } = await storage.read(partition, baseOffsets[0]!, unbounded)
  const replaced = baseOffsets.map((base) => batches.find(({ baseOffset }) => baseOffset === base)!)
  return {
    partition,
    batches: replaced.map(({ baseOffset, bytes }) => ({ baseOffset, checksum: batchChecksum(bytes) })),
    batch: sparse(replaced, kept),
  }
}

const sparse = (batches: ReadonlyArray<RecordBatch>, kept: ReadonlyArray<number>): Uint8Array => {
  const builder = new RecordBatchBuilder()
  const first = batches[0]!.baseOffset
  for (const offset of kept) {
    const batch = batches.find(({ baseOffset, count }) => offset >= baseOffset && offset < baseOffset + count)!
    const index = offset - batch.baseOffset
    builder.add(
      batch.key(index),
      batch.value(index),
      batch.timestamp(index),
      batch.id(index),
      batch.headers(index),
      batch.watermark(index),
    )
  }
  return sparseBatch({
    count: batches.reduce((sum, { count }) => sum + count, 0),
    indexes: kept.map((offset) => offset - first),
    kept: kept.length === 0 ? undefined : builder.build(),
    timestamp: batches[0]!.timestampMax,
  })
}

/** Appends batches of so many records each; their values are their offsets. */
const fill = async (storage: Storage, partition: number, counts: ReadonlyArray<number>): Promise<void> => {
  for (const count of counts) {
    const { end } = storage.bounds(partition)
    await commit(storage, {
      append: [
        append(
          partition,
          Array.from({ length: count }, (_, index) => `${end + index}`),
        ),
      ],
    })
  }
}
