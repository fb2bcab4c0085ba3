import assert from 'node:assert/strict'
import { OffsetOutOfRange, type Snapshot, StorageClosed } from '@weir/core'
import { failsWith, rowText, unbounded } from './observe.ts'
import { append, commit, key, row } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Consistent cuts. */
export const snapshotCases: ReadonlyArray<StorageCase> = [
  {
    name: 'a snapshot does not see later commits: no rows, ranges, positions, bounds',
    run: async (storage) => {
      await commit(storage, {
        append: [append(0, ['a'])],
        positions: [{ group: 'g', partition: 0, from: 0, next: 1 }],
        rows: [row('a', '1'), row('b', '1')],
      })
      const snapshot = storage.snapshot()
      try {
        await commit(storage, {
          append: [append(0, ['b']), append(1, ['c'])],
          positions: [
            { group: 'g', partition: 0, from: 1, next: 2 },
            { group: 'h', partition: 0, from: 0, next: 9 },
          ],
          rows: [row('a', '2'), row('b', null), row('c', '2')],
        })
        assert.deepEqual(
          ['a', 'b', 'c'].map((name) => rowText(snapshot, name)),
          ['1', '1', undefined],
        )
        assert.deepEqual(
          ['a', 'b', 'c'].map((name) => rowText(storage.rows, name)),
          ['2', undefined, '2'],
        )
        assert.deepEqual(snapshot.range(key(''), key('z'), { limit: 9 }), [row('a', '1'), row('b', '1')])
        assert.deepEqual(snapshot.range(key(''), key('z'), { limit: 9, reverse: true }), [row('b', '1'), row('a', '1')])
        assert.deepEqual([snapshot.position('g', 0), snapshot.position('h', 0)], [1, 0])
        assert.deepEqual(
          [snapshot.bounds(0), snapshot.bounds(1)],
          [
            { start: 0, end: 1 },
            { start: 0, end: 0 },
          ],
        )
      } finally {
        snapshot.close()
      }
    },
  },
  {
    name: 'a snapshot reads records as they were: none that came later, all that were removed since',
    run: async (storage) => {
      await commit(storage, { append: [append(0, ['a', 'b'])] })
      await commit(storage, { append: [append(0, ['c'])] })
      const snapshot = storage.snapshot()
      await commit(storage, { append: [append(0, ['d']), append(1, ['e'])] })
      await commit(storage, { trim: [{ partition: 0, before: 3 }] })
      const { batches, end } = await snapshot.read(0, 1, unbounded)
      assert.deepEqual(
        batches.map((batch) => [batch.baseOffset, batch.count, batch.valueText(batch.count - 1)]),
        [
          [0, 2, 'b'],
          [2, 1, 'c'],
        ],
      )
      assert.equal(end, 3)
      assert.deepEqual([await snapshot.offsetAt(0, 0), await snapshot.offsetAt(0, 1)], [0, 3])
      assert.deepEqual(await snapshot.read(0, 3, unbounded), { batches: [], end: 3 })
      assert.deepEqual(await snapshot.read(1, 0, unbounded), { batches: [], end: 0 })
      await failsWith(snapshot.read(0, 4, unbounded), OffsetOutOfRange)
      snapshot.close()
      await failsWith(snapshot.read(0, 0, unbounded), StorageClosed)
    },
  },
  {
    name: 'a snapshot sees everything that had completed when it was made',
    run: async (storage) => {
      for (let n = 1; n <= 20; n++) {
        await commit(storage, { append: [append(0, ['x'])], rows: [row('n', `${n}`)] })
        const snapshot = storage.snapshot()
        assert.deepEqual([snapshot.bounds(0).end, rowText(snapshot, 'n')], [n, `${n}`])
        snapshot.close()
      }
    },
  },
  {
    name: 'a snapshot made while commits are on their way holds each of them whole or not at all',
    run: async (storage) => {
      const total = 60
      const commits = Array.from({ length: total }, (_, n) =>
        commit(storage, {
          append: [append(0, ['x']), append(1, ['y'])],
          positions: [{ group: 'g', partition: 0, from: n, next: n + 1 }],
          rows: [row('n', `${n + 1}`), row(`row ${n + 1}`, '')],
        }),
      )
      const snapshots: Snapshot[] = [storage.snapshot()]
      for (const [n, one] of commits.entries()) {
        await one
        if (n % 10 === 0) snapshots.push(storage.snapshot())
      }
      for (const snapshot of snapshots) {
        const n = Number(rowText(snapshot, 'n') ?? 0)
        assert.deepEqual([snapshot.bounds(0).end, snapshot.bounds(1).end, snapshot.position('g', 0)], [n, n, n])
        assert.equal(snapshot.range(key('row'), key('rox'), { limit: 1_000 }).length, n)
        snapshot.close()
      }
      assert.equal(storage.bounds(0).end, total)
    },
  },
  {
    name: 'several snapshots at once keep their own cuts, and closing one, or one twice, does not disturb the others',
    run: async (storage) => {
      const snapshots: Snapshot[] = []
      for (let n = 0; n < 5; n++) {
        await commit(storage, { rows: [row('n', `${n}`)] })
        snapshots.push(storage.snapshot())
      }
      snapshots[2]!.close()
      snapshots[2]!.close()
      await commit(storage, { rows: [row('n', 'last')] })
      for (const n of [4, 0, 3, 1]) assert.equal(rowText(snapshots[n]!, 'n'), `${n}`)
      for (const n of [0, 1, 3, 4]) snapshots[n]!.close()
      assert.equal(rowText(storage.rows, 'n'), 'last')
    },
  },
]
