import { memoryStorage, virtualClock } from '@weir/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../../src/model/compareBytes.ts'
import { commitOf } from '../../src/ports/Commit.ts'
import { rowKey, rowKeyEnd } from '../../src/ports/rows.ts'
import { mergeRows } from '../../src/runtime/mergeRows.ts'

const store = 1_024
const arbitraryKey = fc.uint8Array({ maxLength: 3 })

test('the rows of several partitions come in the order of their keys, from either end, each once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom(0, 1, 150), arbitraryKey), { maxLength: 60, size: 'max' }),
      // with many ranges the pages are short
      fc.constantFrom(1, 2, 151, 300),
      fc.boolean(),
      async (rows, partitions, reverse) => {
        const clock = virtualClock()
        const storage = memoryStorage({ clock })
        const stored = new Map(rows.map(([partition, key]) => [`${partition % partitions}/${key.join()}`, key]))
        const committed = storage.commit(
          commitOf({
            rows: rows.map(([partition, key]) => ({ key: rowKey(store, partition % partitions, key), value: key })),
          }),
        )
        await clock.settle()
        await committed
        const ranges = Array.from({ length: partitions }, (_, partition) => ({
          from: rowKey(store, partition, new Uint8Array(0)),
          until: rowKeyEnd(store, partition),
        }))
        const found = [...mergeRows(storage.rows, ranges, reverse)].map(({ value }) => [...value])
        const expected = [...stored.values()].sort(compareBytes).map((key) => [...key])
        expect(found).toEqual(reverse ? expected.toReversed() : expected)
      },
    ),
  )
})
