import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodePending,
  decodeReadUpTo,
  encodePending,
  encodeReadUpTo,
  isPendingKey,
  pendingKey,
  type PendingRecord,
  readUpToKey,
} from '../../src/handler/pendingRow.ts'

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

const record: PendingRecord = {
  offset: 300,
  key: new Uint8Array([1]),
  value: null,
  timestamp: 5,
  id: 'i',
  headers: { h: 'x' },
  failed: 2,
  dueMs: Infinity,
}

describe('the rows of handlers are on disk as they always were', () => {
  test('of a record', () => {
    expect(hex(pendingKey(300))).toBe('014072c00000000000')
    expect(hex(encodePending(record))).toMatchInlineSnapshot(`"97c702740101c005a1699192a168a17802cb7ff0000000000000"`)
  })

  test('of what was read', () => {
    expect(hex(readUpToKey)).toBe('00')
    expect(hex(encodeReadUpTo(8, 20, [8, 17]))).toBe('402000000000000040340000000000000102')
  })
})

test('a record comes back as it was kept', () => {
  const part = fc.option(fc.uint8Array({ maxLength: 5 }), { nil: null })
  const any = fc.record({
    offset: fc.maxSafeNat(),
    key: part,
    value: part,
    timestamp: fc.integer(),
    id: fc.option(fc.string({ minLength: 1 }), { nil: null }),
    headers: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { noNullPrototype: true }),
    failed: fc.nat(),
    dueMs: fc.oneof(fc.maxSafeNat(), fc.constant(Infinity)),
  })
  fc.assert(
    fc.property(any, (pending) => {
      const key = pendingKey(pending.offset)
      expect(isPendingKey(key)).toBe(true)
      expect(decodePending(key, encodePending(pending))).toEqual(pending)
    }),
  )
})

test('what was read comes back as it was kept', () => {
  const any = fc.tuple(fc.nat(1e9), fc.uniqueArray(fc.nat(99)), fc.integer({ min: 100, max: 130 }))
  fc.assert(
    fc.property(any, ([first, unsettled, length]) => {
      const decoded = decodeReadUpTo(
        encodeReadUpTo(
          first,
          first + length,
          unsettled.map((at) => first + at),
        ),
      )
      expect(decoded.position).toBe(first + length)
      expect(decoded.unsettled).toEqual(new Set(unsettled.map((at) => first + at)))
    }),
  )
})

test('rows of records are in the order of their offsets, behind the row of what was read', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
      const [x, y] = [hex(pendingKey(a)), hex(pendingKey(b))]
      expect(x < y).toBe(a < b)
      expect(hex(readUpToKey) < x).toBe(true)
    }),
  )
})
