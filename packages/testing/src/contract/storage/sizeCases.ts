import assert from 'node:assert/strict'
import { compareBytes } from '@weir/core/protocol'
import { unbounded } from './observe.ts'
import { append, commit, row, key, utf8 } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Large and many. */
export const sizeCases: ReadonlyArray<StorageCase> = [
  {
    name: 'batches of a megabyte come back as they were',
    run: async (storage) => {
      const value = new Uint8Array(1 << 20).map((_, index) => index * 31)
      await commit(storage, { append: [append(0, [{ value }]), append(0, [{ value }, { value: 'small' }])] })
      const { batches } = await storage.read(0, 0, unbounded)
      assert.equal(batches.length, 2)
      for (const batch of batches) assert.ok(compareBytes(batch.value(0)!, value) === 0)
      assert.equal(batches[1]!.valueText(1), 'small')
      const first = await storage.read(0, 0, { recordsMax: 1_000, bytesMax: 1 << 20 })
      assert.equal(first.batches.length, 1)
    },
  },
  {
    name: 'a batch of 20 000 records comes back as it was',
    run: async (storage) => {
      const values = Array.from({ length: 20_000 }, (_, n) => `value ${n}`)
      await commit(storage, { append: [append(0, values)] })
      const [batch] = (await storage.read(0, 0, unbounded)).batches
      assert.deepEqual(
        values.map((_, index) => batch!.valueText(index)),
        values,
      )
      assert.equal((await storage.read(0, 19_999, unbounded)).batches[0]!.baseOffset, 0)
    },
  },
  {
    name: 'a commit may write 5 000 rows and remove them again',
    run: async (storage) => {
      const names = Array.from({ length: 5_000 }, (_, n) => `row ${`${n}`.padStart(5, '0')}`)
      await commit(storage, { rows: names.map((name) => row(name, name)) })
      const range = storage.rows.range(key('row'), key('rox'), { limit: 10_000 })
      assert.deepEqual(
        range.map(({ value }) => value),
        names.map(utf8),
      )
      await commit(storage, { rows: names.filter((_, n) => n % 2 === 0).map((name) => row(name, null)) })
      assert.equal(storage.rows.range(key('row'), key('rox'), { limit: 10_000 }).length, 2_500)
    },
  },
  {
    name: 'a commit may append to 500 partitions and move 500 positions',
    run: async (storage) => {
      const partitions = Array.from({ length: 500 }, (_, n) => n)
      const { appends } = await commit(storage, {
        append: partitions.map((partition) => append(partition, ['x', 'y'])),
        positions: partitions.map((partition) => ({ group: 'g', partition, from: 0, next: 2 })),
      })
      assert.equal(appends.length, 500)
      assert.ok(
        partitions.every((partition) => storage.bounds(partition).end === 2 && storage.position('g', partition) === 2),
      )
    },
  },
]
