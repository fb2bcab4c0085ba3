import assert from 'node:assert/strict'
import { CommitConflict, EpochFenced } from '@weir/core'
import { failsWith, valuesOf } from './observe.ts'
import { append, commit, epoch, row } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Owners, epochs and taking over. */
export const fenceCases: ReadonlyArray<StorageCase> = [
  {
    name: 'the owner of the epoch on record commits, until a commit takes over; then only the new one does',
    run: async (storage) => {
      await commit(storage, { expect: [epoch('o', 0)], rows: [epoch('o', 1)] })
      await commit(storage, { fence: { owner: 'o', epoch: 1 }, append: [append(0, ['old'])] })
      await commit(storage, { expect: [epoch('o', 1)], rows: [epoch('o', 2)] })
      await failsWith(
        commit(storage, { fence: { owner: 'o', epoch: 1 }, append: [append(0, ['zombie'])] }),
        EpochFenced,
      )
      await commit(storage, { fence: { owner: 'o', epoch: 2 }, append: [append(0, ['new'])] })
      assert.deepEqual(await valuesOf(storage, 0), ['old', 'new'])
    },
  },
  {
    name: 'a taking over that is still on its way fences the commits behind it, and not those before it',
    run: async (storage) => {
      await commit(storage, { rows: [epoch('o', 1)] })
      const before = commit(storage, { fence: { owner: 'o', epoch: 1 }, append: [append(0, ['before'])] })
      const takeOver = commit(storage, { expect: [epoch('o', 1)], rows: [epoch('o', 2)] })
      const zombie = commit(storage, { fence: { owner: 'o', epoch: 1 }, append: [append(0, ['zombie'])] })
      const next = commit(storage, { fence: { owner: 'o', epoch: 2 }, append: [append(0, ['next'])] })
      await failsWith(zombie, EpochFenced)
      await Promise.all([before, takeOver, next])
      assert.deepEqual(await valuesOf(storage, 0), ['before', 'next'])
    },
  },
  {
    name: 'of two that take over from the same epoch one is refused',
    run: async (storage) => {
      await commit(storage, { rows: [epoch('o', 1)] })
      const first = commit(storage, { expect: [epoch('o', 1)], rows: [epoch('o', 2)] })
      const second = commit(storage, { expect: [epoch('o', 1)], rows: [epoch('o', 2)] })
      await first
      await failsWith(second, CommitConflict)
    },
  },
  {
    name: 'owners do not fence each other, also when one name begins with the other',
    run: async (storage) => {
      await commit(storage, { rows: [epoch('o', 1), epoch('o1', 5), epoch('', 7)] })
      await commit(storage, { fence: { owner: 'o', epoch: 1 } })
      await commit(storage, { fence: { owner: 'o1', epoch: 5 } })
      await commit(storage, { fence: { owner: '', epoch: 7 } })
      await failsWith(commit(storage, { fence: { owner: 'o', epoch: 5 } }), EpochFenced)
    },
  },
  {
    name: 'the fence is looked at first: an owner that is finished learns so, whatever else does not hold',
    run: async (storage) => {
      await commit(storage, { rows: [epoch('o', 2)], positions: [{ group: 'g', partition: 0, from: 0, next: 4 }] })
      await failsWith(
        commit(storage, {
          fence: { owner: 'o', epoch: 1 },
          expect: [row('absent', '1')],
          append: [append(0, ['x'], { sender: { id: 1, epoch: 0, sequence: 9 } })],
          positions: [{ group: 'g', partition: 0, from: 0, next: 1 }],
        }),
        EpochFenced,
      )
    },
  },
]
