import assert from 'node:assert/strict'
import { type Commit, CommitConflict, EpochFenced, SequenceGap, type Storage, type WeirError } from '@weir/core'
import { failsWith, rowText, valuesOf } from './observe.ts'
import { append, commit, epoch, row } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Why a commit may be refused; each part alone is enough. */
interface Refusal {
  readonly what: string
  readonly error: abstract new (...args: never[]) => WeirError
  readonly parts: Partial<Commit>
}

// The storage of these cases holds: row 'present' = '1', epoch 2 of 'owner', position 1 of 'g' in partition 0,
// one record in partition 0, and producer 7 in epoch 1 at sequence 1 in partition 5.
const refusals: ReadonlyArray<Refusal> = [
  { what: 'an older epoch', error: EpochFenced, parts: { fence: { owner: 'owner', epoch: 1 } } },
  { what: 'an epoch that is not there yet', error: EpochFenced, parts: { fence: { owner: 'owner', epoch: 3 } } },
  { what: 'an owner without an epoch', error: EpochFenced, parts: { fence: { owner: 'nobody', epoch: 1 } } },
  { what: 'a row that is there', error: CommitConflict, parts: { expect: [row('present', null)] } },
  { what: 'a row that is absent', error: CommitConflict, parts: { expect: [row('absent', '1')] } },
  { what: 'a row of another value', error: CommitConflict, parts: { expect: [row('present', '2')] } },
  { what: 'a row of a longer value', error: CommitConflict, parts: { expect: [row('present', '11')] } },
  {
    what: 'the last of several expectations',
    error: CommitConflict,
    parts: { expect: [row('present', '1'), row('absent', null), row('present', '')] },
  },
  {
    what: 'a position behind the one given',
    error: CommitConflict,
    parts: { positions: [{ group: 'g', partition: 0, from: 2, next: 3 }] },
  },
  {
    what: 'a position before the one given',
    error: CommitConflict,
    parts: { positions: [{ group: 'g', partition: 0, from: 0, next: 1 }] },
  },
  {
    what: 'a group without a position',
    error: CommitConflict,
    parts: { positions: [{ group: 'other', partition: 0, from: 1, next: 2 }] },
  },
  {
    what: 'a gap in a sequence',
    error: SequenceGap,
    parts: { append: [append(5, ['x'], { sender: { id: 7, epoch: 1, sequence: 2 } })] },
  },
  {
    what: 'an older epoch of a producer',
    error: EpochFenced,
    parts: { append: [append(5, ['x'], { sender: { id: 7, epoch: 0, sequence: 0 } })] },
  },
]

/** What a commit that is refused does: nothing. */
export const refusalCases: ReadonlyArray<StorageCase> = [
  ...refusals.map(({ what, error, parts }): StorageCase => ({
    name: `a commit refused for ${what} leaves no trace of its appends, positions, rows, sequences and ids`,
    run: async (storage) => {
      await prepare(storage)
      await failsWith(commit(storage, withEverything(parts)), error)
      await requireUntouched(storage)
      await requireUsable(storage)
    },
  })),
  {
    name: 'what is expected of a row is its value before the commit, not what the commit writes',
    run: async (storage) => {
      await failsWith(commit(storage, { expect: [row('a', '1')], rows: [row('a', '1')] }), CommitConflict)
      await commit(storage, { expect: [row('a', null)], rows: [row('a', '1')] })
      assert.equal(rowText(storage.rows, 'a'), '1')
    },
  },
  {
    name: 'a commit that depends on a refused one is refused as well, and its neighbours go through',
    run: async (storage) => {
      const before = commit(storage, { append: [append(0, ['before'])] })
      const refused = commit(storage, {
        expect: [row('never', '1')],
        append: [append(0, ['refused'])],
        rows: [row('a', '1')],
      })
      const dependent = commit(storage, { expect: [row('a', '1')], append: [append(0, ['dependent'])] })
      const after = commit(storage, { append: [append(0, ['after'])] })
      assert.equal((await before).appends[0]!.baseOffset, 0)
      await failsWith(refused, CommitConflict)
      await failsWith(dependent, CommitConflict)
      assert.equal((await after).appends[0]!.baseOffset, 1)
      assert.deepEqual(await valuesOf(storage, 0), ['before', 'after'])
    },
  },
  {
    name: 'a commit of expectations alone is a check',
    run: async (storage) => {
      await commit(storage, { rows: [row('a', '1')] })
      await commit(storage, { expect: [row('a', '1'), row('b', null)] })
      await failsWith(commit(storage, { expect: [row('b', '1')] }), CommitConflict)
    },
  },
  {
    name: 'of several commits at once that expect the same, exactly one goes through',
    run: async (storage) => {
      const futures = Array.from({ length: 20 }, (_, n) =>
        commit(storage, { expect: [row('lock', null)], rows: [row('lock', `${n}`)], append: [append(0, [`${n}`])] }),
      )
      const outcomes = await Promise.allSettled(futures)
      const winners = outcomes.flatMap(({ status }, n) => (status === 'fulfilled' ? [`${n}`] : []))
      assert.deepEqual(winners, ['0'])
      assert.deepEqual(await valuesOf(storage, 0), winners)
    },
  },
]

const prepare = async (storage: Storage): Promise<void> => {
  await commit(storage, {
    append: [append(0, ['old']), append(5, ['old'], { sender: { id: 7, epoch: 1, sequence: 0 } })],
    positions: [{ group: 'g', partition: 0, from: 0, next: 1 }],
    rows: [row('present', '1'), epoch('owner', 2)],
  })
}

/** The parts, beside all else that a commit can hold, before and behind them. */
const withEverything = (parts: Partial<Commit>): Partial<Commit> => ({
  fence: parts.fence ?? { owner: 'owner', epoch: 2 },
  expect: [row('present', '1'), ...(parts.expect ?? [])],
  append: [
    append(0, ['new']),
    append(1, ['new']),
    append(2, ['new'], { sender: { id: 8, epoch: 0, sequence: 0 } }),
    append(3, [{ value: 'new', id: 'id' }], { scope: 1 }),
    ...(parts.append ?? []),
  ],
  positions: [{ group: 'h', partition: 0, from: 0, next: 5 }, ...(parts.positions ?? [])],
  rows: [row('present', null), row('absent', 'new'), epoch('owner', 9)],
})

const requireUntouched = async (storage: Storage): Promise<void> => {
  const values = await Promise.all([0, 1, 2, 3, 5].map((partition) => valuesOf(storage, partition)))
  assert.deepEqual(values, [['old'], [], [], [], ['old']])
  assert.deepEqual(
    [0, 1, 2, 3, 5].map((partition) => storage.bounds(partition).end),
    [1, 0, 0, 0, 1],
  )
  assert.deepEqual([storage.position('g', 0), storage.position('h', 0)], [1, 0])
  assert.deepEqual([rowText(storage.rows, 'present'), rowText(storage.rows, 'absent')], ['1', undefined])
  await commit(storage, { fence: { owner: 'owner', epoch: 2 } })
}

/** What the refused commit would have used up is still to be had. */
const requireUsable = async (storage: Storage): Promise<void> => {
  const { appends } = await commit(storage, {
    append: [
      append(2, ['first'], { sender: { id: 8, epoch: 0, sequence: 0 } }),
      append(3, [{ value: 'first', id: 'id' }], { scope: 1 }),
      append(5, ['second'], { sender: { id: 7, epoch: 1, sequence: 1 } }),
    ],
  })
  assert.deepEqual(
    appends.map(({ baseOffset, duplicate }) => [baseOffset, duplicate]),
    [
      [0, false],
      [0, false],
      [1, false],
    ],
  )
}
