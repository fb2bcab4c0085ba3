import assert from 'node:assert/strict'
import { type Row, rowKey, rowKeyEnd, type Storage } from '@weir/core'
import { compareBytes } from '@weir/core/protocol'
import { seededRandom } from '../../seededRandom.ts'
import { commit, key, row, store, utf8 } from './parts.ts'
import type { StorageCase } from './StorageCase.ts'

/** Rows by key and by range. */
export const rowCases: ReadonlyArray<StorageCase> = [
  {
    name: 'a row that is not there is undefined, and an empty range has no rows',
    run: async (storage) => {
      assert.equal(storage.rows.get(key('a')), undefined)
      assert.deepEqual(storage.rows.range(key(''), key('z'), { limit: 10 }), [])
      await commit(storage, { rows: [row('b', '1')] })
      assert.equal(storage.rows.get(key('a')), undefined)
      assert.equal(storage.rows.get(key('b\0')), undefined)
      assert.equal(storage.rows.get(key('')), undefined)
    },
  },
  {
    name: "what is handed out is the caller's own: changing it changes no row",
    run: async (storage) => {
      await commit(storage, { rows: [row('a', 'value')] })
      storage.rows.get(key('a'))!.fill(0)
      const [found] = storage.rows.range(key('a'), key('b'), { limit: 1 })
      found!.key.fill(0)
      found!.value.fill(0)
      assert.deepEqual(storage.rows.get(key('a')), utf8('value'))
      const kept = storage.rows.get(key('a'))!
      for (let n = 0; n < 20; n++) {
        await commit(storage, { rows: [row('a', `${n}`.repeat(10))] })
        storage.rows.get(key('a'))
      }
      assert.deepEqual(kept, utf8('value'))
    },
  },
  {
    name: 'a range holds `from` and not `until`, in the order of the bytes; `reverse` and `limit` count from its other end',
    run: async (storage) => {
      await commit(storage, { rows: ['d', 'a', 'c', 'b', 'e'].map((name) => row(name, name)) })
      const names = (from: string, until: string, limit: number, reverse: boolean): string =>
        storage.rows
          .range(key(from), key(until), { limit, reverse })
          .map(({ value }) => String.fromCharCode(...value))
          .join('')
      assert.equal(names('b', 'e', 100, false), 'bcd')
      assert.equal(names('b', 'e', 100, true), 'dcb')
      assert.equal(names('aa', 'dd', 100, false), 'bcd')
      assert.equal(names('aa', 'dd', 100, true), 'dcb')
      assert.equal(names('', 'z', 2, false), 'ab')
      assert.equal(names('', 'z', 2, true), 'ed')
      assert.equal(names('a', 'b', 1, true), 'a')
      assert.equal(names('c', 'c', 100, false), '')
      assert.equal(names('d', 'b', 100, false), '')
      assert.equal(names('d', 'b', 100, true), '')
    },
  },
  {
    name: 'a range is complete, with keys and values, whatever its size and the bytes of its keys',
    run: async (storage) => {
      const random = seededRandom(7)
      const next = (): number => random.next()
      const rows = randomRows(next, 300)
      await commit(storage, { rows })
      const sorted = sortRows(rows)
      requireRange(storage, sorted, key(''), rowKeyEnd(store, 0), 1e6)
      for (let n = 0; n < 200; n++) {
        const [from, until] = [randomKey(next), randomKey(next)]
        requireRange(storage, sorted, from, until, 1 + Math.floor(next() * 40))
      }
    },
  },
  {
    name: 'neighbouring stores and partitions are not in the range of one, up to the last partition',
    run: async (storage) => {
      const partitions = [0, 1, 255, 256, 0xffff_fffe, 0xffff_ffff]
      const places = [store - 1, store, store + 1].flatMap((id) => partitions.map((partition) => ({ id, partition })))
      const keysOf = ({ id, partition }: { id: number; partition: number }): ReadonlyArray<Uint8Array> =>
        [[], [0], [0xff], new Array<number>(20).fill(0xff)].map((bytes) => rowKey(id, partition, new Uint8Array(bytes)))
      await commit(storage, { rows: places.flatMap(keysOf).map((name) => ({ key: name, value: name })) })
      for (const place of places) {
        const range = storage.rows.range(
          rowKey(place.id, place.partition, utf8('')),
          rowKeyEnd(place.id, place.partition),
          { limit: 100 },
        )
        assert.deepEqual(
          range,
          keysOf(place).map((name) => ({ key: name, value: name })),
        )
      }
    },
  },
  {
    name: 'keys and values may be of any bytes and sizes: no bytes, 1 KB of key, 1 MB of value',
    run: async (storage) => {
      const long = rowKey(store, 3, new Uint8Array(1_024).fill(0xff))
      const big = new Uint8Array(1 << 20).map((_, index) => index * 7)
      const none = rowKey(store, 3, new Uint8Array(0))
      await commit(storage, {
        rows: [
          { key: long, value: big },
          { key: none, value: new Uint8Array(0) },
        ],
      })
      assert.ok(compareBytes(storage.rows.get(long)!, big) === 0)
      assert.equal(storage.rows.get(none)!.length, 0)
      const range = storage.rows.range(none, rowKeyEnd(store, 3), { limit: 10 })
      assert.deepEqual(
        range.map(({ key: name, value }) => [name.length, value.length]),
        [
          [8, 0],
          [1_032, 1 << 20],
        ],
      )
    },
  },
]

/** A key of 0 to 3 bytes of a small alphabet, so that keys often begin alike. */
const randomKey = (next: () => number): Uint8Array => {
  const alphabet = [0, 1, 0x7f, 0x80, 0xff]
  const bytes = Array.from({ length: Math.floor(next() * 4) }, () => alphabet[Math.floor(next() * alphabet.length)]!)
  return rowKey(store, 0, new Uint8Array(bytes))
}

const randomRows = (next: () => number, count: number): ReadonlyArray<Row> =>
  Array.from({ length: count }, (_, n) => ({ key: randomKey(next), value: utf8(`${n}`) }))

/** The rows as they should be kept: the last one of each key, by key. */
const sortRows = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const last = new Map(rows.map((one) => [String(one.key), one]))
  return [...last.values()].sort((left, right) => compareBytes(left.key, right.key))
}

const requireRange = (
  storage: Storage,
  sorted: ReadonlyArray<Row>,
  from: Uint8Array,
  until: Uint8Array,
  limit: number,
): void => {
  const inside = sorted.filter(({ key: name }) => compareBytes(name, from) >= 0 && compareBytes(name, until) < 0)
  assert.deepEqual(storage.rows.range(from, until, { limit }), inside.slice(0, limit))
  assert.deepEqual(storage.rows.range(from, until, { limit, reverse: true }), inside.toReversed().slice(0, limit))
}
