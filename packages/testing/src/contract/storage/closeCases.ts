import assert from 'node:assert/strict'
import { StorageClosed } from '@weir/core'
import { failsWith, throwsWith, unbounded, until } from './observe.ts'
import { append, commit, key, row } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** The signal of changes, and the end of a handle. */
export const closeCases: ReadonlyArray<StorageCase> = [
  {
    name: 'after every commit the listener is called when the commit can be seen',
    run: async (storage) => {
      let seen = 0
      const end = storage.onChange(() => {
        seen = storage.bounds(0).end
      })
      for (let n = 1; n <= 10; n++) {
        await commit(storage, { append: [append(0, ['x'])] })
        await until(`the listener saw commit ${n}`, () => seen === n)
      }
      end()
    },
  },
  {
    name: 'every listener is called, for rows and positions as well, until it ends its subscription',
    run: async (storage) => {
      const calls = [0, 0, 0]
      const count = (index: number) => () => void calls[index]!++
      const ends = [storage.onChange(count(0)), storage.onChange(count(1)), storage.onChange(count(2))]
      await commit(storage, { rows: [row('a', '1')] })
      await until('all listeners were called for a row', () => calls.every((called) => called > 0))
      ends[1]!()
      ends[1]!()
      const before = [...calls]
      await commit(storage, { positions: [{ group: 'g', partition: 0, from: 0, next: 1 }] })
      await until('the others were called for a position', () => calls[0]! > before[0]! && calls[2]! > before[2]!)
      assert.equal(calls[1], before[1])
      ends[0]!()
      ends[2]!()
    },
  },
  {
    name: 'close waits for the commits under way, which keep their verdicts',
    run: async (storage) => {
      let completed = 0
      const commits = Array.from({ length: 10 }, (_, n) =>
        commit(storage, { append: [append(0, [`${n}`])] }).whenComplete(() => void completed++),
      )
      const refused = commit(storage, { expect: [row('never', '1')] }).handle((_, error) => error)
      await storage.close()
      assert.equal(completed, 10)
      assert.deepEqual(
        (await Promise.all(commits)).map(({ appends }) => appends[0]!.baseOffset),
        commits.map((_, n) => n),
      )
      assert.equal(((await refused) as { _tag?: string })._tag, 'CommitConflict')
    },
  },
  {
    name: 'after close every call fails with StorageClosed, and close itself completes as often as it is called',
    run: async (storage) => {
      await commit(storage, { append: [append(0, ['a'])] })
      await Promise.all([storage.close(), storage.close()])
      await storage.close()
      await failsWith(commit(storage, {}), StorageClosed)
      await failsWith(storage.read(0, 0, unbounded), StorageClosed)
      await failsWith(storage.offsetAt(0, 0), StorageClosed)
      throwsWith(() => storage.bounds(0), StorageClosed)
      throwsWith(() => storage.position('g', 0), StorageClosed)
      throwsWith(() => storage.rows.get(key('a')), StorageClosed)
      throwsWith(() => storage.rows.range(key('a'), key('b'), { limit: 1 }), StorageClosed)
      throwsWith(() => storage.snapshot(), StorageClosed)
    },
  },
  {
    name: 'calls made after close was called, and before it has completed, are refused already',
    run: async (storage) => {
      const before = commit(storage, { append: [append(0, ['a'])] })
      const closing = storage.close()
      await failsWith(commit(storage, { append: [append(0, ['b'])] }), StorageClosed)
      assert.equal((await before).appends[0]!.baseOffset, 0)
      await closing
    },
  },
  {
    name: 'a handle closes while a snapshot is open and a listener subscribed',
    run: async (storage) => {
      await commit(storage, { append: [append(0, ['a'])] })
      const snapshot = storage.snapshot()
      const end = storage.onChange(() => {})
      await storage.close()
      snapshot.close()
      end()
    },
  },
]
