import assert from 'node:assert/strict'
import { CommitConflict, OffsetOutOfRange, type Storage, TopicFull } from '@weir/core'
import { removedBatchesMax } from '@weir/core/storage'
import { failsWith, readAll, rowText, unbounded } from './observe.ts'
import { append, commit, row, type Sender } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** The start of a partition moving up, and its end bounded. */
export const trimCases: ReadonlyArray<StorageCase> = [
  {
    name: 'a trim moves the start up: records below it are out of range, all others stay as they are',
    run: async (storage) => {
      await fill(storage, [3, 3, 3])
      const before = await readAll(storage, 0)
      await commit(storage, { trim: [{ partition: 0, before: 4 }] })
      assert.deepEqual(storage.bounds(0), { start: 4, end: 9 })
      assert.deepEqual(await readAll(storage, 0, 4), before.slice(4))
      await failsWith(storage.read(0, 3, unbounded), OffsetOutOfRange)
      await failsWith(storage.read(0, 0, unbounded), OffsetOutOfRange)
    },
  },
  {
    name: 'batches wholly below the start are removed, the one that holds it is not',
    run: async (storage) => {
      await fill(storage, [3, 3, 3])
      const batchBytes = storage.bytes(0) / 3
      await commit(storage, { trim: [{ partition: 0, before: 5 }] })
      assert.equal(storage.bytes(0), 2 * batchBytes)
      assert.equal((await storage.read(0, 5, unbounded)).batches[0]!.baseOffset, 3)
      await commit(storage, { trim: [{ partition: 0, before: 6 }] })
      assert.equal(storage.bytes(0), batchBytes)
    },
  },
  {
    name: 'the start never moves down, nor beyond the end that was there before the commit',
    run: async (storage) => {
      await fill(storage, [3, 3])
      await commit(storage, { trim: [{ partition: 0, before: 4 }] })
      await commit(storage, { trim: [{ partition: 0, before: 2 }] })
      assert.deepEqual(storage.bounds(0), { start: 4, end: 6 })
      await commit(storage, { append: [append(0, ['a', 'b'])], trim: [{ partition: 0, before: 100 }] })
      assert.deepEqual(storage.bounds(0), { start: 6, end: 8 })
      assert.deepEqual(
        (await readAll(storage, 0, 6)).map(({ value }) => value),
        ['a', 'b'],
      )
      await commit(storage, { trim: [{ partition: 0, before: 8 }] })
      assert.deepEqual([storage.bounds(0), storage.bytes(0)], [{ start: 8, end: 8 }, 0])
      assert.deepEqual(await storage.read(0, 8, unbounded), { batches: [], end: 8 })
      await fill(storage, [1])
      assert.deepEqual(storage.bounds(0), { start: 8, end: 9 })
    },
  },
  {
    name: 'a partition never written to can be trimmed, which does nothing',
    run: async (storage) => {
      await commit(storage, { trim: [{ partition: 7, before: 5 }] })
      assert.deepEqual(storage.bounds(7), { start: 0, end: 0 })
    },
  },
  {
    name: 'a commit removes no more batches than its bound; who commits again comes to the end',
    run: async (storage) => {
      const batches = removedBatchesMax + 10
      await commit(storage, { append: Array.from({ length: batches }, () => append(0, ['x'])) })
      await commit(storage, { trim: [{ partition: 0, before: batches }] })
      assert.deepEqual(storage.bounds(0), { start: removedBatchesMax, end: batches })
      await commit(storage, { trim: [{ partition: 0, before: batches }] })
      assert.deepEqual(storage.bounds(0), { start: batches, end: batches })
    },
  },
  {
    name: 'the ids of trimmed records are forgotten, those of kept ones are not',
    run: async (storage) => {
      const send = async (...ids: ReadonlyArray<string>) =>
        (
          await commit(storage, {
            append: [
              append(
                0,
                ids.map((id) => ({ id })),
                { scope: 1 },
              ),
            ],
          })
        ).appends[0]!
      await send('a', 'b', 'c')
      await commit(storage, { trim: [{ partition: 0, before: 2, dedupScope: 1 }] })
      assert.deepEqual((await send('a', 'b', 'c')).offsets, [3, 4, 2])
      await commit(storage, { trim: [{ partition: 0, before: 3 }] })
      assert.equal((await send('c')).duplicate, true)
    },
  },
  {
    name: 'an id that is remembered of another record is not forgotten with the trimmed one',
    run: async (storage) => {
      const one = [{ id: 'a' }]
      await commit(storage, { append: [append(0, one), append(0, one, { scope: 1 })] })
      await commit(storage, { trim: [{ partition: 0, before: 1, dedupScope: 1 }] })
      const { appends } = await commit(storage, { append: [append(0, one, { scope: 1 })] })
      assert.deepEqual([appends[0]!.baseOffset, appends[0]!.duplicate], [1, true])
    },
  },
  {
    name: 'a repeat by sequence is answered as the first time, also when its records were trimmed',
    run: async (storage) => {
      const sender: Sender = { id: 4, epoch: 0, sequence: 0 }
      await commit(storage, { append: [append(0, ['a', 'b'], { sender })] })
      await commit(storage, { trim: [{ partition: 0, before: 2 }] })
      const { appends } = await commit(storage, { append: [append(0, ['a', 'b'], { sender })] })
      assert.deepEqual([appends[0]!.baseOffset, appends[0]!.duplicate, storage.bounds(0).end], [0, true, 2])
    },
  },
  {
    name: 'a refused commit trims nothing',
    run: async (storage) => {
      await fill(storage, [3])
      await failsWith(
        commit(storage, { expect: [row('never', '1')], trim: [{ partition: 0, before: 2 }] }),
        CommitConflict,
      )
      assert.deepEqual(storage.bounds(0), { start: 0, end: 3 })
    },
  },
  {
    name: 'times are found among what is left',
    run: async (storage) => {
      for (const times of [[10, 20], [30, 40], [50]])
        await commit(storage, {
          append: [
            append(
              0,
              times.map((timestamp) => ({ timestamp })),
            ),
          ],
        })
      await commit(storage, { trim: [{ partition: 0, before: 3 }] })
      const answers: number[] = []
      for (const timestamp of [0, 20, 35, 45, 60]) answers.push(await storage.offsetAt(0, timestamp))
      assert.deepEqual(answers, [3, 3, 3, 4, 5])
    },
  },
  {
    name: 'a snapshot keeps the bounds of its moment while the start moves on',
    run: async (storage) => {
      await fill(storage, [3, 3])
      const snapshot = storage.snapshot()
      await commit(storage, { trim: [{ partition: 0, before: 3 }] })
      assert.deepEqual(
        [snapshot.bounds(0), storage.bounds(0)],
        [
          { start: 0, end: 6 },
          { start: 3, end: 6 },
        ],
      )
      snapshot.close()
    },
  },
  {
    name: 'an append beyond its bound is refused whole with TopicFull, also behind others of its commit',
    run: async (storage) => {
      await fill(storage, [2])
      await failsWith(
        commit(storage, { append: [{ ...append(0, ['a', 'b']), endMax: 3 }], rows: [row('a', '1')] }),
        TopicFull,
      )
      assert.deepEqual([storage.bounds(0), rowText(storage.rows, 'a')], [{ start: 0, end: 2 }, undefined])
      await failsWith(commit(storage, { append: [append(0, ['a']), { ...append(0, ['b']), endMax: 3 }] }), TopicFull)
      await commit(storage, { append: [{ ...append(0, ['a']), endMax: 3 }] })
      assert.equal(storage.bounds(0).end, 3)
    },
  },
  {
    name: 'of commits on their way at once only those within the bound go through',
    run: async (storage) => {
      const sent = Array.from({ length: 10 }, () => commit(storage, { append: [{ ...append(0, ['x']), endMax: 4 }] }))
      const outcomes = await Promise.all(sent.map((one) => one.handle((_, error) => error === undefined)))
      assert.equal(outcomes.filter((went) => went).length, 4)
      assert.equal(storage.bounds(0).end, 4)
    },
  },
  {
    name: 'what is there already, by sequence or by id, is answered whatever the bound',
    run: async (storage) => {
      const sender: Sender = { id: 4, epoch: 0, sequence: 0 }
      const sent = { sender, scope: 1 }
      await commit(storage, { append: [append(0, [{ id: 'a' }, { id: 'b' }], sent)] })
      const bySequence = await commit(storage, {
        append: [{ ...append(0, [{ id: 'a' }, { id: 'b' }], sent), endMax: 1 }],
      })
      const byId = await commit(storage, { append: [{ ...append(0, [{ id: 'b' }], { scope: 1 }), endMax: 1 }] })
      assert.deepEqual([bySequence.appends[0]!.duplicate, byId.appends[0]!.duplicate], [true, true])
      const partly = append(0, [{ id: 'a' }, { id: 'c' }], { scope: 1 })
      await failsWith(commit(storage, { append: [{ ...partly, endMax: 2 }] }), TopicFull)
    },
  },
  {
    name: 'positions lists the groups of one partition',
    run: async (storage) => {
      const at = (group: string, partition: number, next: number) => ({ group, partition, from: 0, next })
      await commit(storage, { positions: [at('g', 1, 3), at('grüppe', 1, 4), at('g', 2, 9), at('', 1, 1)] })
      assert.deepEqual(
        storage.positions(1),
        new Map([
          ['', 1],
          ['g', 3],
          ['grüppe', 4],
        ]),
      )
      assert.deepEqual([storage.positions(0), storage.positions(11)], [new Map(), new Map()])
    },
  },
]

/** Appends batches of so many records each to partition 0; all of one size. */
const fill = async (storage: Storage, counts: ReadonlyArray<number>): Promise<void> => {
  for (const count of counts) {
    const { end } = storage.bounds(0)
    const values = Array.from({ length: count }, (_, index) => `${end + index}`.padStart(3))
    await commit(storage, { append: [append(0, values)] })
  }
}
