import assert from 'node:assert/strict'
import { EpochFenced, SequenceGap } from '@weir/core'
import { failsWith, readAll, rowText, valuesOf } from './observe.ts'
import { append, commit, epoch, key, row } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** What is there when the data is opened again. */
export const reopenCases: ReadonlyArray<StorageCase> = [
  {
    name: 'everything committed is there after reopening: records, rows, positions, times',
    needs: 'reopen',
    run: async (storage, { open }) => {
      await commit(storage, {
        append: [append(0, [{ key: 'k', value: 'a', timestamp: 50, headers: { h: '1' }, id: 'i' }]), append(1, ['b'])],
        positions: [{ group: 'g', partition: 1, from: 0, next: 1 }],
        rows: [row('a', '1'), row('b', '2')],
      })
      await commit(storage, { append: [append(0, [{ value: 'c', timestamp: 40 }])], rows: [row('b', null)] })
      const before = await readAll(storage, 0)
      await storage.close()
      const again = await open()
      assert.deepEqual(await readAll(again, 0), before)
      assert.deepEqual(await valuesOf(again, 1), ['b'])
      assert.deepEqual(
        [again.bounds(0), again.bounds(1), again.bounds(2)],
        [
          { start: 0, end: 2 },
          { start: 0, end: 1 },
          { start: 0, end: 0 },
        ],
      )
      assert.deepEqual([again.position('g', 0), again.position('g', 1)], [0, 1])
      assert.deepEqual(again.rows.range(key(''), key('z'), { limit: 10 }), [row('a', '1')])
      await commit(again, {
        append: [
          append(0, [
            { value: 'd', timestamp: 45 },
            { value: 'e', timestamp: 60 },
          ]),
        ],
      })
      assert.deepEqual([await again.offsetAt(0, 41), await again.offsetAt(0, 51)], [0, 3])
    },
  },
  {
    name: 'commits that close waited for are there after reopening',
    needs: 'reopen',
    run: async (storage, { open }) => {
      const commits = Array.from({ length: 20 }, (_, n) => commit(storage, { append: [append(0, [`${n}`])] }))
      await storage.close()
      assert.deepEqual(
        await valuesOf(await open(), 0),
        commits.map((_, n) => `${n}`),
      )
    },
  },
  {
    name: 'epochs, sequences with the last 5 batches, and ids are known after reopening',
    needs: 'reopen',
    run: async (storage, { open }) => {
      const batch = (sequence: number) => append(0, [`${sequence}`], { sender: { id: 9, epoch: 2, sequence } })
      for (let n = 0; n < 7; n++) await commit(storage, { append: [batch(n)] })
      await commit(storage, { rows: [epoch('o', 3)], append: [append(1, [{ id: 'x' }, { id: 'y' }], { scope: 5 })] })
      await storage.close()
      const again = await open()
      await failsWith(commit(again, { fence: { owner: 'o', epoch: 2 } }), EpochFenced)
      await commit(again, { fence: { owner: 'o', epoch: 3 } })
      for (const n of [2, 6]) {
        const { appends } = await commit(again, { append: [batch(n)] })
        assert.deepEqual([appends[0]!.baseOffset, appends[0]!.duplicate], [n, true])
      }
      await failsWith(commit(again, { append: [batch(8)] }), SequenceGap)
      await failsWith(
        commit(again, { append: [append(0, ['x'], { sender: { id: 9, epoch: 1, sequence: 7 } })] }),
        EpochFenced,
      )
      const { appends } = await commit(again, {
        append: [batch(7), append(1, [{ id: 'y' }, { id: 'z' }], { scope: 5 })],
      })
      assert.deepEqual(
        appends.map(({ baseOffset, duplicate }) => [baseOffset, duplicate]),
        [
          [7, false],
          [2, false],
        ],
      )
      assert.deepEqual(appends[1]!.offsets, [1, 2])
    },
  },
  {
    name: 'what one place holds is not in another',
    run: async (storage, { fresh }) => {
      await commit(storage, { append: [append(0, ['a'])], rows: [row('a', '1')] })
      const other = await (await fresh())()
      assert.deepEqual([other.bounds(0).end, rowText(other.rows, 'a')], [0, undefined])
    },
  },
]
