import assert from 'node:assert/strict'
import { CommitConflict, type Storage } from '@weir/core'
import { failsWith, readAll, valuesOf } from './observe.ts'
import { append, commit, type Given, row, type Sender } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Records known by their id. */
export const dedupCases: ReadonlyArray<StorageCase> = [
  {
    name: 'a record whose id its scope has seen is not appended again, and is answered with its first offset',
    run: async (storage) => {
      await commit(storage, { append: [append(0, ['before'])] })
      assert.deepEqual(await send(storage, ['a', 'b']), { duplicate: false, offsets: [1, 2] })
      assert.deepEqual(await send(storage, ['a', 'b']), { duplicate: true, offsets: [1, 2] })
      assert.deepEqual(await send(storage, ['b']), { duplicate: true, offsets: [2] })
      assert.deepEqual(await send(storage, ['b', 'a']), { duplicate: true, offsets: [2, 1] })
      assert.deepEqual(await valuesOf(storage, 0), ['before', 'value of a', 'value of b'])
    },
  },
  {
    name: 'of a batch that is partly known only the rest is appended, whole and in order, without gaps',
    run: async (storage) => {
      await send(storage, ['a', 'b'])
      const given: ReadonlyArray<Given> = [
        { id: 'b', value: 'known' },
        { id: 'c', key: 'kc', value: 'vc', timestamp: 30, headers: { h: '1' }, watermark: 3 },
        { id: 'a', value: 'known' },
        { id: 'd', key: null, value: null, timestamp: 10 },
        { id: null, value: 'without id', timestamp: 20 },
      ]
      const { appends } = await commit(storage, { append: [append(0, given, { scope: 1 })] })
      assert.deepEqual(
        [appends[0]!.baseOffset, appends[0]!.duplicate, appends[0]!.offsets],
        [2, false, [1, 2, 0, 3, 4]],
      )
      const defaults = { key: null, value: null, timestamp: 0, headers: {}, watermark: -Infinity }
      assert.deepEqual(
        await readAll(storage, 0, 2),
        [given[1], given[3], given[4]].map((record, index) => ({ ...defaults, ...record, offset: 2 + index })),
      )
      assert.deepEqual(await send(storage, ['c', 'e', 'd']), { duplicate: false, offsets: [2, 5, 3] })
    },
  },
  {
    name: 'an id repeated within a batch is appended once',
    run: async (storage) => {
      assert.deepEqual(await send(storage, ['a', 'b', 'a', 'a', 'c', 'b']), {
        duplicate: false,
        offsets: [0, 1, 0, 0, 2, 1],
      })
      assert.deepEqual(await valuesOf(storage, 0), ['value of a', 'value of b', 'value of c'])
    },
  },
  {
    name: 'an id repeated over batches of one commit, and over commits on their way, is appended once',
    run: async (storage) => {
      const batch = (ids: ReadonlyArray<string>) => append(0, records(ids), { scope: 1 })
      const first = commit(storage, { append: [batch(['a', 'b']), batch(['b', 'c'])] })
      const second = commit(storage, { append: [batch(['c', 'd'])] })
      assert.deepEqual(
        (await first).appends.map(({ offsets, baseOffset }) => offsets ?? [baseOffset, baseOffset + 1]),
        [
          [0, 1],
          [1, 2],
        ],
      )
      assert.deepEqual((await second).appends[0]!.offsets, [2, 3])
      assert.equal(storage.bounds(0).end, 4)
    },
  },
  {
    name: 'scopes do not know of each other, and without a scope ids are only stored',
    run: async (storage) => {
      await send(storage, ['a'], { scope: 1 })
      assert.deepEqual(await send(storage, ['a'], { scope: 2 }), { duplicate: false, offsets: [1] })
      assert.deepEqual(await send(storage, ['a', 'b'], { scope: undefined }), { duplicate: false, offsets: [2, 3] })
      assert.deepEqual(await send(storage, ['b'], { scope: 1 }), { duplicate: false, offsets: [4] })
      assert.deepEqual(
        (await readAll(storage, 0)).map(({ id }) => id),
        ['a', 'a', 'a', 'b', 'b'],
      )
    },
  },
  {
    name: 'an id is known in its whole scope, whichever partition it comes to next',
    run: async (storage) => {
      await send(storage, ['x', 'a'], { partition: 1 })
      assert.deepEqual(await send(storage, ['a'], { partition: 2 }), { duplicate: true, offsets: [1] })
      assert.deepEqual([storage.bounds(1).end, storage.bounds(2).end], [2, 0])
    },
  },
  {
    name: 'ids are told apart whatever they are: empty, long, of one beginning, beyond ASCII',
    run: async (storage) => {
      const long = 'x'.repeat(3_000)
      const ids = ['', 'a', 'A', 'aa', 'a\0', 'ü', 'u\u0308', '渓', long, `${long}1`, `${long}2`, '1', '01']
      assert.deepEqual(await send(storage, ids), { duplicate: false, offsets: ids.map((_, index) => index) })
      assert.deepEqual(await send(storage, ids.toReversed()), {
        duplicate: true,
        offsets: ids.map((_, index) => index).reverse(),
      })
    },
  },
  {
    name: 'ids of a refused commit are not known',
    run: async (storage) => {
      await failsWith(
        commit(storage, { expect: [row('never', '1')], append: [append(0, records(['a']), { scope: 1 })] }),
        CommitConflict,
      )
      assert.deepEqual(await send(storage, ['a']), { duplicate: false, offsets: [0] })
    },
  },
  {
    name: "a producer's sequence counts the records it sent, also those that were known by their id",
    run: async (storage) => {
      const sender = (sequence: number): Sender => ({ id: 4, epoch: 0, sequence })
      await send(storage, ['a', 'b'], { sender: sender(0) })
      assert.deepEqual(await send(storage, ['b', 'c', 'd'], { sender: sender(2) }), {
        duplicate: false,
        offsets: [1, 2, 3],
      })
      assert.deepEqual(await send(storage, ['a', 'd'], { sender: sender(5) }), { duplicate: true, offsets: [0, 3] })
      assert.deepEqual(await send(storage, ['e'], { sender: sender(7) }), { duplicate: false, offsets: [4] })
      assert.deepEqual(
        await valuesOf(storage, 0),
        ['a', 'b', 'c', 'd', 'e'].map((id) => `value of ${id}`),
      )
    },
  },
  {
    name: 'a partly known batch that is sent again by sequence is answered with the same offsets',
    run: async (storage) => {
      await send(storage, ['a', 'b'])
      const sender: Sender = { id: 4, epoch: 0, sequence: 0 }
      const first = await send(storage, ['c', 'a', 'd', 'b'], { sender })
      assert.deepEqual(first, { duplicate: false, offsets: [2, 0, 3, 1] })
      assert.deepEqual(await send(storage, ['c', 'a', 'd', 'b'], { sender }), {
        duplicate: true,
        offsets: [2, 0, 3, 1],
      })
      assert.equal(storage.bounds(0).end, 4)
    },
  },
  {
    name: 'thousands of ids in a batch are all looked up',
    run: async (storage) => {
      const ids = Array.from({ length: 5_000 }, (_, n) => `id-${n}`)
      const odd = ids.filter((_, n) => n % 2 === 1)
      await send(storage, odd)
      const { offsets } = await send(storage, ids)
      assert.deepEqual(
        offsets,
        ids.map((_, n) => (n % 2 === 1 ? (n - 1) / 2 : 2_500 + n / 2)),
      )
      assert.equal(storage.bounds(0).end, 5_000)
    },
  },
]

const records = (ids: ReadonlyArray<string>): ReadonlyArray<Given> => ids.map((id) => ({ id, value: `value of ${id}` }))

interface Target {
  readonly partition?: number
  readonly scope?: number | undefined
  readonly sender?: Sender
}

/** Sends a batch with these ids, in scope 1 of partition 0 unless said otherwise; the answer with an offset for each record. */
const send = async (
  storage: Storage,
  ids: ReadonlyArray<string>,
  target: Target = {},
): Promise<{ readonly duplicate: boolean; readonly offsets: ReadonlyArray<number> }> => {
  const { partition = 0, sender } = target
  const scope = 'scope' in target ? target.scope : 1
  const { appends } = await commit(storage, { append: [append(partition, records(ids), { sender, scope })] })
  const { baseOffset, duplicate, offsets } = appends[0]!
  return { duplicate, offsets: offsets ?? ids.map((_, index) => baseOffset + index) }
}
