import { commitOf, StorageFailed } from '@weir/core'
import { expect, test } from 'vitest'
import { applyCommit, prepareCommit, type Target } from '../src/writer/applyCommit.ts'
import { decodeCommit, encodeCommit } from '../src/writer/commitFrame.ts'
import { PartitionCache } from '../src/writer/PartitionCache.ts'

test('a commit whose rows cannot be written fails the whole transaction: a refusal would leave what was written before', () => {
  const { frame, moved } = encodeCommit(commitOf({ rows: [{ key: new Uint8Array([1]), value: new Uint8Array([2]) }] }))
  const damaged = new StorageFailed('block 0 of sorted run 1 is damaged')
  const target = {
    cache: new PartitionCache(),
    rows: {
      write: () => {
        throw damaged
      },
    },
  } as unknown as Target
  const prepared = prepareCommit(decodeCommit(frame, moved), () => undefined)
  expect(() => applyCommit(target, prepared)).toThrow(damaged)
})
