import { int, msgpack, nullable, utf8 } from '@weir/core'
import { codecContract } from '@weir/testing/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { held } from '../src/internal/held.ts'
import { spans } from '../src/internal/spans.ts'
import { versionStores } from '../src/internal/VersionedTable.ts'
import { waitingStore } from '../src/internal/waiting.ts'

const time = fc.constantFrom(-Infinity, -1, 0, 1_700_000_000_000, 0.5)
const text = fc.string({ maxLength: 4 })
const headers = fc.option(
  fc
    .dictionary(fc.constantFrom('a', 'toString', 'é'), text, { maxKeys: 3 })
    .map((entries) => Object.assign(Object.create(null) as object, entries) as Readonly<Record<string, string>>),
)
const window = fc.option(fc.record({ start: time, end: time }, { noNullPrototype: true }), { nil: undefined })
const plain = { noNullPrototype: true } as const
const heldText = fc.record({ value: text, timestamp: time, watermark: time, window, headers }, plain)
const waitingText = fc.record({ value: text, watermark: time, headers, isMatched: fc.boolean() }, plain)
const version = fc.record({ value: fc.option(text) }, plain)
const span = fc.record({ start: time, end: time, value: fc.maxSafeInteger() }, plain)

describe('what operators keep of records is stored by codecs that are lawful', () => {
  for (const { name, run } of [
    ...codecContract({ codec: held(utf8), values: heldText }),
    ...codecContract({ codec: held(nullable(msgpack<string>())), values: heldText }),
    ...codecContract({ codec: waitingStore('store', utf8, 1_000).value, values: waitingText }),
    ...codecContract({ codec: versionStores('table', utf8).versions.value, values: version }),
    ...codecContract({ codec: spans(int), values: fc.array(span, { maxLength: 4 }) }),
    ...codecContract({
      codec: spans(held(utf8)),
      values: fc.array(fc.record({ start: time, end: time, value: heldText }, plain), { maxLength: 3 }),
    }),
  ])
    it(name, run)

  it('says which part cannot be read', () => {
    const codec = waitingStore('store', int, 1_000).value
    const bytes = codec.encode({ value: 1, watermark: 0, headers: { a: 'b' }, isMatched: false })
    const reason = (given: Uint8Array): string | undefined => {
      const decoded = codec.decode(given)
      return decoded._tag === 'Left' ? decoded.left.reason : undefined
    }
    expect(reason(bytes.subarray(0, 5))).toBe('the bytes end within the head')
    expect(reason(bytes.subarray(0, 14))).toBe('the bytes end within the headers')
    expect(reason(bytes.subarray(0, -1))).toBe('expected 8 bytes, not 7')
  })
})
