import assert from 'node:assert/strict'
import { type Appended, EpochFenced, SequenceGap, type Storage } from '@weir/core'
import { failsWith, valuesOf } from './observe.ts'
import { append, commit, type Sender } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Batches of producers: repeats, gaps, epochs. */
export const sequenceCases: ReadonlyArray<StorageCase> = [
  {
    name: 'a batch sent again is not appended, and is answered with its first offset',
    run: async (storage) => {
      const sender = { id: 4, epoch: 0, sequence: 0 }
      await commit(storage, { append: [append(0, ['of another'])] })
      assert.deepEqual(await send(storage, 0, ['a', 'b'], sender), { baseOffset: 1, duplicate: false })
      for (let times = 0; times < 3; times++) {
        assert.deepEqual(await send(storage, 0, ['a', 'b'], sender), { baseOffset: 1, duplicate: true })
      }
      assert.deepEqual(await valuesOf(storage, 0), ['of another', 'a', 'b'])
    },
  },
  {
    name: 'a batch sent again while the first is on its way is not appended',
    run: async (storage) => {
      const sender = { id: 4, epoch: 0, sequence: 0 }
      const [first, second] = await Promise.all([send(storage, 0, ['a'], sender), send(storage, 0, ['a'], sender)])
      assert.deepEqual(
        [first, second],
        [
          { baseOffset: 0, duplicate: false },
          { baseOffset: 0, duplicate: true },
        ],
      )
      assert.deepEqual(await valuesOf(storage, 0), ['a'])
    },
  },
  {
    name: 'the last 5 batches of a producer and partition are remembered, in any order of the repeats',
    run: async (storage) => {
      const places: number[] = []
      for (let n = 0; n < 8; n++)
        places.push((await send(storage, 0, [`${n}`, `${n}'`], { id: 4, epoch: 0, sequence: 2 * n })).baseOffset)
      for (const n of [7, 3, 5, 4, 6, 3]) {
        const again = await send(storage, 0, [`${n}`, `${n}'`], { id: 4, epoch: 0, sequence: 2 * n })
        assert.deepEqual(again, { baseOffset: places[n]!, duplicate: true })
      }
      assert.equal(storage.bounds(0).end, 16)
      assert.deepEqual(await send(storage, 0, ['8'], { id: 4, epoch: 0, sequence: 16 }), {
        baseOffset: 16,
        duplicate: false,
      })
    },
  },
  {
    name: 'a batch from before the remembered ones is refused, not appended again',
    run: async (storage) => {
      for (let n = 0; n < 7; n++) await send(storage, 0, [`${n}`], { id: 4, epoch: 0, sequence: n })
      await failsWith(send(storage, 0, ['0'], { id: 4, epoch: 0, sequence: 0 }), SequenceGap)
      assert.equal(storage.bounds(0).end, 7)
    },
  },
  {
    name: 'a gap is refused, and the sequence goes on where it was',
    run: async (storage) => {
      await failsWith(send(storage, 0, ['x'], { id: 4, epoch: 0, sequence: 1 }), SequenceGap)
      await send(storage, 0, ['a', 'b'], { id: 4, epoch: 0, sequence: 0 })
      await failsWith(send(storage, 0, ['x'], { id: 4, epoch: 0, sequence: 3 }), SequenceGap)
      await failsWith(send(storage, 0, ['x'], { id: 4, epoch: 0, sequence: 1 }), SequenceGap)
      await send(storage, 0, ['c'], { id: 4, epoch: 0, sequence: 2 })
      assert.deepEqual(await valuesOf(storage, 0), ['a', 'b', 'c'])
    },
  },
  {
    name: 'batches on their way behind a refused one are refused for the gap, so that no record overtakes another',
    run: async (storage) => {
      const sent = ['a', 'b', 'c'].map((value, sequence) => ({ value, sender: { id: 4, epoch: 0, sequence } }))
      const first = send(storage, 0, ['0'], { id: 4, epoch: 0, sequence: 7 })
      const later = sent.slice(1).map(({ value, sender }) => send(storage, 0, [value], sender))
      for (const future of [first, ...later]) await failsWith(future, SequenceGap)
      for (const { value, sender } of sent) await send(storage, 0, [value], sender)
      assert.deepEqual(await valuesOf(storage, 0), ['a', 'b', 'c'])
    },
  },
  {
    name: 'a larger epoch of a producer begins at sequence 0 and ends the smaller one',
    run: async (storage) => {
      await send(storage, 0, ['a'], { id: 4, epoch: 1, sequence: 0 })
      await send(storage, 0, ['b'], { id: 4, epoch: 1, sequence: 1 })
      await failsWith(send(storage, 0, ['x'], { id: 4, epoch: 3, sequence: 2 }), SequenceGap)
      assert.deepEqual(await send(storage, 0, ['c'], { id: 4, epoch: 3, sequence: 0 }), {
        baseOffset: 2,
        duplicate: false,
      })
      await failsWith(send(storage, 0, ['x'], { id: 4, epoch: 1, sequence: 2 }), EpochFenced)
      await failsWith(send(storage, 0, ['b'], { id: 4, epoch: 1, sequence: 1 }), EpochFenced)
      assert.deepEqual(await send(storage, 0, ['c'], { id: 4, epoch: 3, sequence: 0 }), {
        baseOffset: 2,
        duplicate: true,
      })
      assert.deepEqual(await valuesOf(storage, 0), ['a', 'b', 'c'])
    },
  },
  {
    name: 'each partition and each producer has sequences of its own, ids up to 2^53 - 1 are told apart',
    run: async (storage) => {
      const ids = [1, 2, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1]
      for (const id of ids) {
        for (const partition of [0, 1]) {
          const { duplicate } = await send(storage, partition, [`${id}`], { id, epoch: 0, sequence: 0 })
          assert.equal(duplicate, false)
        }
      }
      for (const partition of [0, 1]) assert.deepEqual(await valuesOf(storage, partition), ids.map(String))
    },
  },
  {
    name: 'batches of one producer and partition in one commit continue the sequence, and a gap among them refuses the commit',
    run: async (storage) => {
      const batch = (sequence: number) =>
        append(0, [`${sequence}`, `${sequence + 1}`], { sender: { id: 4, epoch: 0, sequence } })
      await commit(storage, { append: [batch(0), batch(2)] })
      await failsWith(commit(storage, { append: [batch(4), batch(8)] }), SequenceGap)
      const { appends } = await commit(storage, { append: [batch(2), batch(4), batch(4)] })
      assert.deepEqual(
        appends.map(({ baseOffset, duplicate }) => [baseOffset, duplicate]),
        [
          [2, true],
          [4, false],
          [4, true],
        ],
      )
      assert.deepEqual(await valuesOf(storage, 0), ['0', '1', '2', '3', '4', '5'])
    },
  },
  {
    name: 'a batch of no producer is never a repeat',
    run: async (storage) => {
      for (let n = 0; n < 3; n++) {
        const { appends } = await commit(storage, { append: [append(0, ['same'])] })
        assert.deepEqual([appends[0]!.baseOffset, appends[0]!.duplicate], [n, false])
      }
    },
  },
]

/** Sends one batch. A producer's batch without ids has dense offsets, be they given or not. */
const send = async (
  storage: Storage,
  partition: number,
  values: ReadonlyArray<string>,
  sender: Sender,
): Promise<Pick<Appended, 'baseOffset' | 'duplicate'>> => {
  const { appends } = await commit(storage, { append: [append(partition, values, { sender })] })
  const { baseOffset, duplicate, offsets } = appends[0]!
  if (offsets !== undefined)
    assert.deepEqual(
      offsets,
      values.map((_, index) => baseOffset + index),
    )
  return { baseOffset, duplicate }
}
