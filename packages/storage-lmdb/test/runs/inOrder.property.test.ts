import { packRows, type RowBytes } from '@weir/core/storage'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { space } from '../../src/keys.ts'
import { inOrder } from '../../src/runs/inOrder.ts'
import { keyEnd, keyFrom, placesOf, valueFrom, valueLength } from '../../src/runs/packedChange.ts'

/** Keys that begin alike, some with the whole of another one, and some that end with zeros. */
const key = fc
  .tuple(fc.constantFrom('', 'user-', 'user-00'), fc.array(fc.constantFrom(0, 1, 0x61, 0xff), { maxLength: 7 }))
  .map(([head, rest]) => Uint8Array.from([...Buffer.from(head), ...rest]))

const change = fc.record({ key, value: fc.option(fc.uint8Array({ maxLength: 3 })) })

const read = ({ bytes, length }: RowBytes): ReadonlyArray<readonly [key: string, value: string | null]> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return Array.from(inOrder(bytes, view, placesOf(bytes, view, length)), (at) => {
    const size = valueLength(view, at)
    const from = valueFrom(view, at)
    return [
      hex(bytes.subarray(keyFrom(at), keyEnd(view, at))),
      size < 0 ? null : hex(bytes.subarray(from, from + size)),
    ] as const
  })
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('packed changes come in the order of their stored keys, the last one of each key', () => {
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 60 }), (changes) => {
      const last = new Map(
        changes.map(({ key: name, value }) => [
          hex(Uint8Array.from([space.rows, ...name])),
          value === null ? null : hex(value),
        ]),
      )
      expect(read(packRows(changes))).toEqual([...last].sort(([a], [b]) => (a < b ? -1 : 1)))
    }),
  )
})
