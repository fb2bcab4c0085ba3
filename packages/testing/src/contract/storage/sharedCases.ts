import assert from 'node:assert/strict'
import { CommitConflict, EpochFenced, type Storage } from '@weir/core'
import { failsWith, rowText, until, valuesOf } from './observe.ts'
import { append, commit, epoch, row } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Several handles on the same data. */
export const sharedCases: ReadonlyArray<StorageCase> = [
  {
    name: 'another handle sees a commit, whole, and its listeners are called',
    needs: 'shared',
    run: async (storage, { open }) => {
      const other = await open()
      let called = 0
      const end = other.onChange(() => void called++)
      for (let n = 1; n <= 5; n++) {
        const before = called
        await commit(storage, {
          append: [append(0, [`${n}`])],
          rows: [row('n', `${n}`)],
          positions: [{ group: 'g', partition: 0, from: n - 1, next: n }],
        })
        await until('the other handle sees the commit', () => other.bounds(0).end === n)
        assert.deepEqual(
          [rowText(other.rows, 'n'), other.position('g', 0), (await valuesOf(other, 0)).length],
          [`${n}`, n, n],
        )
        await until('the other listener was called', () => called > before)
      }
      end()
    },
  },
  {
    name: 'a handle whose commit was refused, or changed nothing, appends behind what others have appended since',
    needs: 'shared',
    run: async (storage, { open }) => {
      const other = await open()
      await commit(storage, { append: [append(0, ['first'])] })
      const without: ReadonlyArray<() => PromiseLike<unknown>> = [
        () =>
          failsWith(commit(storage, { expect: [{ key: row('x', '').key, value: new Uint8Array(1) }] }), CommitConflict),
        () => commit(storage, {}),
        () => commit(storage, { rows: [{ key: row('absent', '').key, value: null }] }),
      ]
      const expected = ['first']
      for (const [n, change] of without.entries()) {
        await change()
        await commit(other, { append: [append(0, [`other ${n}`])] })
        await commit(storage, { append: [append(0, [`own ${n}`])] })
        expected.push(`other ${n}`, `own ${n}`)
      }
      assert.deepEqual(await valuesOf(other, 0), expected)
    },
  },
  {
    name: 'handles that commit at once share the partitions without gaps, and each keeps its own order',
    needs: 'shared',
    run: async (storage, { open }) => {
      const handles = [storage, await open(), await open()]
      const each = 40
      const send = (handle: Storage, name: number) =>
        Array.from({ length: each }, (_, n) => commit(handle, { append: [append(0, [`${name}:${n}`])] }))
      const answers = await Promise.all(handles.flatMap(send))
      const offsets = answers.map(({ appends }) => appends[0]!.baseOffset)
      assert.deepEqual(
        offsets.toSorted((left, right) => left - right),
        Array.from({ length: 3 * each }, (_, n) => n),
      )
      await until('the first handle sees all', () => storage.bounds(0).end === 3 * each)
      const values = await valuesOf(storage, 0)
      for (const name of handles.keys()) {
        const own = values.filter((value) => value!.startsWith(`${name}:`))
        assert.deepEqual(
          own,
          Array.from({ length: each }, (_, n) => `${name}:${n}`),
        )
      }
    },
  },
  {
    name: 'of handles that expect the same at once exactly one goes through, every time',
    needs: 'shared',
    run: async (storage, { open }) => {
      const handles = [storage, await open(), await open()]
      for (let round = 0; round < 10; round++) {
        const lock = { expect: [row(`lock ${round}`, null)] }
        const outcomes = await Promise.allSettled(
          handles.map((handle, n) =>
            commit(handle, { ...lock, rows: [row(`lock ${round}`, `${n}`)], append: [append(0, [`${n}`])] }),
          ),
        )
        assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      }
      await until('all rounds can be seen', () => storage.bounds(0).end === 10)
    },
  },
  {
    name: 'an owner is fenced by another handle that took over, also before it could notice',
    needs: 'shared',
    run: async (storage, { open }) => {
      const other = await open()
      await commit(storage, { rows: [epoch('o', 1)] })
      await commit(other, { expect: [epoch('o', 1)], rows: [epoch('o', 2)] })
      await failsWith(
        commit(storage, { fence: { owner: 'o', epoch: 1 }, append: [append(0, ['zombie'])] }),
        EpochFenced,
      )
      await failsWith(commit(storage, { expect: [epoch('o', 1)], rows: [epoch('o', 2)] }), CommitConflict)
      await commit(other, { fence: { owner: 'o', epoch: 2 }, append: [append(0, ['new'])] })
      await until('the first handle sees the new owner', () => storage.bounds(0).end === 1)
      assert.deepEqual(await valuesOf(storage, 0), ['new'])
    },
  },
  {
    name: 'closing one handle leaves the others as they are',
    needs: 'shared',
    run: async (storage, { open }) => {
      const other = await open()
      await commit(storage, { append: [append(0, ['a'])] })
      await storage.close()
      await commit(other, { append: [append(0, ['b'])] })
      assert.deepEqual(await valuesOf(other, 0), ['a', 'b'])
    },
  },
]
