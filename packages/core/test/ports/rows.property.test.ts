import fc from 'fast-check'
import { expect, test } from 'vitest'
import { epochOf, epochRow, epochValue, firstUserStore, rowKey, rowKeyEnd, systemStores } from '../../src/ports/rows.ts'

const id = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 0xffff_fffe }),
  fc.constantFrom(255, 256, 0x7fff_ffff, 0x8000_0000),
)
const partition = fc.oneof(id, fc.constant(0xffff_ffff))
const key = fc.uint8Array({ maxLength: 6 })

test('row keys are in the order of store, partition and key', () => {
  fc.assert(
    fc.property(id, partition, key, id, partition, key, (storeA, partA, keyA, storeB, partB, keyB) => {
      const order = storeA - storeB || partA - partB || Buffer.compare(keyA, keyB)
      expect(Buffer.compare(rowKey(storeA, partA, keyA), rowKey(storeB, partB, keyB))).toBe(Math.sign(order))
    }),
  )
})

test('the end of a partition lies behind all of its keys and before all others that follow', () => {
  fc.assert(
    fc.property(id, partition, key, id, partition, key, (store, part, own, otherStore, otherPart, other) => {
      const end = rowKeyEnd(store, part)
      expect(Buffer.compare(rowKey(store, part, own), end)).toBe(-1)
      const follows = otherStore > store || (otherStore === store && otherPart > part)
      expect(Buffer.compare(rowKey(otherStore, otherPart, other), end) >= 0).toBe(follows)
    }),
  )
})

test('an epoch comes back from its row, up to the largest; an owner without one has 0', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (epoch) => {
      expect(epochOf(epochValue(epoch))).toBe(epoch)
    }),
    { examples: [[0], [1], [0x8000_0000], [0xffff_ffff]] },
  )
  expect(epochOf(undefined)).toBe(0)
})

test('an epoch is read where it lies in a larger buffer', () => {
  const larger = new Uint8Array(12)
  larger.set(epochValue(77), 5)
  expect(epochOf(larger.subarray(5, 9))).toBe(77)
})

test('owners have rows of their own, whatever their names', () => {
  const names = ['a', 'b', 'ab', 'a/b', 'a/b/0', 'ä', '']
  expect(new Set(names.map((name) => Buffer.from(epochRow(name)).toString('hex'))).size).toBe(names.length)
})

test('the stores of Weir itself lie before those of users', () => {
  expect(Math.max(...Object.values(systemStores))).toBeLessThan(firstUserStore)
})
