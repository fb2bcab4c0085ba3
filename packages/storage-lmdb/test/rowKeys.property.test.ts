import { commitOf, type Storage } from '@weir/core'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { plainBytesMax } from '../src/keys.ts'
import { temporaryFolder } from './temporaryFolder.ts'

// Keys longer than lmdb's are stored otherwise, which must not show.

const folder = temporaryFolder()
let storage: Storage
beforeAll(async () => (storage = await lmdb(folder.path).open()))
afterAll(async () => {
  await storage.close()
  folder.remove()
})

/** Keys around the limit that begin alike, and short ones between them. */
const key = fc
  .tuple(
    fc.constantFrom(0, 1, plainBytesMax - 1, plainBytesMax, plainBytesMax + 1, 5_000),
    fc.constantFrom(0, 1, 255),
    fc.uint8Array({ maxLength: 3 }),
  )
  .map(([length, fill, end]) => Uint8Array.from([...new Uint8Array(length).fill(fill), ...end]))
const rows = fc.array(fc.tuple(key, fc.uint8Array({ maxLength: 3 })), { maxLength: 30 })
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test('rows with keys of any length are read, in order and both ways, as from a sorted list', async () => {
  let scope = 0
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.array(key, { maxLength: 5 }),
      key,
      key,
      fc.integer({ min: 0, max: 12 }),
      async (put, removed, a, b, limit) => {
        // each run has a space of its own, as a store has
        scope++
        const own = (bytes: Uint8Array): Uint8Array => Uint8Array.from([scope >> 8, scope & 255, ...bytes])
        await storage.commit(
          commitOf({
            rows: [
              ...put.map(([name, value]) => ({ key: own(name), value })),
              ...removed.map((name) => ({ key: own(name), value: null })),
            ],
          }),
        )
        const model = new Map(put.map(([name, value]) => [hex(own(name)), hex(value)]))
        for (const name of removed) model.delete(hex(own(name)))

        for (const [name] of put)
          expect(storage.rows.get(own(name))?.length).toBe(
            model.get(hex(own(name)))?.length === undefined ? undefined : model.get(hex(own(name)))!.length / 2,
          )
        const [from, until] = [own(a), own(b)]
        const expected = [...model]
          .filter(([name]) => name >= hex(from) && name < hex(until))
          .sort(([left], [right]) => (left < right ? -1 : 1))
        for (const reverse of [false, true]) {
          const found = storage.rows.range(from, until, { limit, reverse }).map((row) => [hex(row.key), hex(row.value)])
          expect(found).toEqual((reverse ? expected.toReversed() : expected).slice(0, limit))
        }
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)
