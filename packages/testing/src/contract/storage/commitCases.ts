import assert from 'node:assert/strict'
import { CommitConflict } from '@weir/core'
import { failsWith, readAll, rowText, valuesOf } from './observe.ts'
import { append, commit, row, utf8 } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** What a commit that goes through does. */
export const commitCases: ReadonlyArray<StorageCase> = [
  {
    name: 'offsets of a partition are dense from 0 on, over commits and over batches of one commit',
    run: async (storage) => {
      const first = await commit(storage, { append: [append(3, ['a', 'b']), append(3, ['c'])] })
      const second = await commit(storage, { append: [append(3, ['d', 'e', 'f'])] })
      assert.deepEqual(
        [...first.appends, ...second.appends].map(({ baseOffset, duplicate }) => [baseOffset, duplicate]),
        [
          [0, false],
          [2, false],
          [3, false],
        ],
      )
      assert.deepEqual(storage.bounds(3), { start: 0, end: 6 })
      const found = await readAll(storage, 3)
      assert.deepEqual(
        found.map(({ offset, value }) => [offset, value]),
        'abcdef'.split('').map((value, at) => [at, value]),
      )
    },
  },
  {
    name: 'a commit answers one entry for each append, in their order',
    run: async (storage) => {
      await commit(storage, { append: [append(1, ['x', 'y'])] })
      const { appends } = await commit(storage, {
        append: [append(9, ['a']), append(1, ['b']), append(9, ['c']), append(1, ['d'])],
      })
      assert.deepEqual(
        appends.map(({ baseOffset }) => baseOffset),
        [0, 2, 1, 3],
      )
      assert.deepEqual(
        appends.map(({ offsets }) => offsets),
        [undefined, undefined, undefined, undefined],
      )
    },
  },
  {
    name: 'a record comes back with all that it was given: nulls, empty parts, text beyond ASCII, times, id, headers, watermark',
    run: async (storage) => {
      const given = [
        { key: 'k', value: 'v', timestamp: 5, id: 'id-1', headers: { trace: 'ü', empty: '' }, watermark: 3 },
        { key: null, value: null, timestamp: -7 },
        { key: '', value: '', timestamp: 1e15, id: '' },
        { key: '渓流', value: '🌊', timestamp: 0.5 },
      ]
      await commit(storage, { append: [append(0, given)] })
      const found = await readAll(storage, 0)
      const defaults = { key: null, value: null, timestamp: 0, id: null, headers: {}, watermark: -Infinity }
      assert.deepEqual(
        found,
        given.map((record, offset) => ({ ...defaults, ...record, offset })),
      )
    },
  },
  {
    name: 'partitions are independent, whatever their number',
    run: async (storage) => {
      const partitions = [0, 1, 2, 255, 256, 257, 65_535, 65_536, 2 ** 31, 2 ** 32 - 2]
      await commit(storage, { append: partitions.map((partition) => append(partition, [`of ${partition}`])) })
      await commit(storage, { append: [append(256, ['more'])] })
      for (const partition of partitions) {
        const expected = partition === 256 ? [`of ${partition}`, 'more'] : [`of ${partition}`]
        assert.deepEqual(await valuesOf(storage, partition), expected)
        assert.deepEqual(storage.bounds(partition), { start: 0, end: expected.length })
      }
    },
  },
  {
    name: 'appends, positions and rows of one commit are there together',
    run: async (storage) => {
      await commit(storage, {
        append: [append(0, ['a']), append(1, ['b'])],
        positions: [{ group: 'g', partition: 0, from: 0, next: 1 }],
        rows: [row('r', '1')],
      }).thenApply(() => {
        // synchronously on completion: not a moment later
        assert.deepEqual(
          [storage.bounds(0).end, storage.bounds(1).end, storage.position('g', 0), rowText(storage.rows, 'r')],
          [1, 1, 1, '1'],
        )
      })
      assert.deepEqual([await valuesOf(storage, 0), await valuesOf(storage, 1)], [['a'], ['b']])
    },
  },
  {
    name: 'of a commit that has not completed yet nothing is visible, or all of it',
    run: async (storage) => {
      const future = commit(storage, {
        append: [append(0, ['a'])],
        positions: [{ group: 'g', partition: 0, from: 0, next: 1 }],
        rows: [row('r', '1')],
      })
      // it may be durable already, while the turn of the event loop in which the future completes is still to come
      const cut = storage.snapshot()
      const seen = [cut.bounds(0).end, cut.position('g', 0), rowText(cut, 'r')]
      cut.close()
      assert.deepEqual(seen, seen[0] === 0 ? [0, 0, undefined] : [1, 1, '1'])
      await future
      assert.deepEqual([storage.bounds(0).end, storage.position('g', 0), rowText(storage.rows, 'r')], [1, 1, '1'])
    },
  },
  {
    name: 'a commit without parts goes through and changes nothing',
    run: async (storage) => {
      assert.deepEqual(await commit(storage, {}), { appends: [] })
      assert.deepEqual(storage.bounds(0), { start: 0, end: 0 })
    },
  },
  {
    name: 'commits are applied in the order of the calls, also when none is waited for',
    run: async (storage) => {
      const futures = Array.from({ length: 50 }, (_, n) =>
        commit(storage, {
          append: [append(0, [`${n}`])],
          positions: [{ group: 'g', partition: 0, from: n, next: n + 1 }],
          rows: [row('n', `${n}`)],
        }),
      )
      for (const [n, future] of futures.entries()) assert.equal((await future).appends[0]!.baseOffset, n)
      assert.deepEqual(
        await valuesOf(storage, 0),
        futures.map((_, n) => `${n}`),
      )
      assert.deepEqual([storage.position('g', 0), rowText(storage.rows, 'n')], [50, '49'])
    },
  },
  {
    name: 'a later commit of the handle sees the rows and positions of an earlier one that is still on its way',
    run: async (storage) => {
      const first = commit(storage, {
        rows: [row('a', '1')],
        positions: [{ group: 'g', partition: 0, from: 0, next: 7 }],
      })
      const second = commit(storage, {
        expect: [row('a', '1')],
        rows: [row('a', null), row('b', '2')],
        positions: [{ group: 'g', partition: 0, from: 7, next: 9 }],
      })
      const third = commit(storage, { expect: [row('a', null), row('b', '2')], rows: [row('c', '3')] })
      await Promise.all([first, second, third])
      assert.deepEqual(
        [rowText(storage.rows, 'a'), rowText(storage.rows, 'b'), rowText(storage.rows, 'c')],
        [undefined, '2', '3'],
      )
      assert.equal(storage.position('g', 0), 9)
    },
  },
  {
    name: 'of many commits at once each has its own verdict, and refused ones leave no gap',
    run: async (storage) => {
      const isGood = (n: number): boolean => n % 3 !== 1
      const futures = Array.from({ length: 200 }, (_, n) =>
        commit(storage, { expect: isGood(n) ? [] : [row('never', 'there')], append: [append(n % 2, [`${n}`])] }),
      )
      const ends = [0, 0]
      for (const [n, future] of futures.entries()) {
        if (isGood(n)) assert.equal((await future).appends[0]!.baseOffset, ends[n % 2]!++)
        else await failsWith(future, CommitConflict)
      }
      const good = futures.map((_, n) => n).filter(isGood)
      for (const partition of [0, 1]) {
        assert.deepEqual(await valuesOf(storage, partition), good.filter((n) => n % 2 === partition).map(String))
      }
    },
  },
  {
    name: 'in one commit the last change of a row wins',
    run: async (storage) => {
      await commit(storage, {
        rows: [row('a', '1'), row('b', '1'), row('a', '2'), row('b', null), row('c', null), row('c', '3')],
      })
      assert.deepEqual(
        ['a', 'b', 'c'].map((name) => rowText(storage.rows, name)),
        ['2', undefined, '3'],
      )
      await commit(storage, { rows: [row('a', null), row('absent', null)] })
      assert.equal(rowText(storage.rows, 'a'), undefined)
    },
  },
  {
    name: 'positions start at 0 and are kept by group and partition, whatever the names',
    run: async (storage) => {
      const groups = ['g', '0g', 'g1', 'g/1', 'g.1', 'G', '1', 'ü', 'a'.repeat(249)]
      const partitions = [0, 1, 10, 2 ** 31]
      const all = groups.flatMap((group) => partitions.map((partition) => ({ group, partition })))
      for (const { group, partition } of all) assert.equal(storage.position(group, partition), 0)
      await commit(storage, { positions: all.map((place, n) => ({ ...place, from: 0, next: n + 1 })) })
      all.forEach(({ group, partition }, n) => assert.equal(storage.position(group, partition), n + 1))
      await commit(storage, { positions: [{ group: 'g', partition: 1, from: 2, next: 0 }] })
      assert.deepEqual([storage.position('g', 1), storage.position('0g', 1)], [0, 6])
    },
  },
  {
    name: 'of several changes of a position in one commit each expects what the one before it leaves',
    run: async (storage) => {
      const move = (from: number, next: number) => ({ group: 'g', partition: 1, from, next })
      await commit(storage, { positions: [move(0, 2), move(2, 5)] })
      assert.equal(storage.position('g', 1), 5)
      await failsWith(commit(storage, { positions: [move(5, 6), move(5, 7)] }), CommitConflict)
      assert.equal(storage.position('g', 1), 5)
    },
  },
  {
    name: 'an offset of 2^40 is an offset like any other position',
    run: async (storage) => {
      await commit(storage, { positions: [{ group: 'g', partition: 0, from: 0, next: 2 ** 40 + 1 }] })
      assert.equal(storage.position('g', 0), 2 ** 40 + 1)
      await commit(storage, { positions: [{ group: 'g', partition: 0, from: 2 ** 40 + 1, next: 3 }] })
      assert.equal(storage.position('g', 0), 3)
    },
  },
  {
    name: 'an empty value is a value, and no absence',
    run: async (storage) => {
      await commit(storage, { rows: [row('empty', '')] })
      assert.equal(storage.rows.get(row('empty', '').key)?.length, 0)
      await failsWith(commit(storage, { expect: [row('empty', null)] }), CommitConflict)
      await commit(storage, { expect: [row('empty', '')], rows: [{ key: row('empty', '').key, value: utf8('full') }] })
      await failsWith(commit(storage, { expect: [row('empty', '')] }), CommitConflict)
    },
  },
]
