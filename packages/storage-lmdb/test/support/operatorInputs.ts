import { type Entry, entry, int32, nullable, pair, topic, type Topic, utf8 } from '@weir/core'

// What the jobs of `operatorJobs` read.

const partitions = 3
export const events = topic('events', { key: utf8, value: int32, partitions })
export const others = topic('others', { key: utf8, value: int32, partitions })
/** The first part of a row names one of `names`, or none. */
export const rows = topic('rows', { key: utf8, value: nullable(pair(utf8, int32)), partitions })
export const columns = topic('columns', { key: utf8, value: nullable(int32), partitions })
export const names = topic('names', { key: utf8, value: nullable(utf8), partitions: 2 })
/** Nobody ever writes to its last partition. */
export const spoken = topic('spoken', { key: utf8, value: int32, partitions })
/** Written while the jobs run, with versions as prices. */
export const prices = topic('prices', { key: utf8, value: nullable(int32), partitions: 2 })
/** Written while the jobs run: an order is of an item, and has the place in the history of its price that was the last one then. */
export const orders = topic('orders', { key: utf8, value: pair(utf8, int32), partitions })

const count = 200

/** By two numbers, and always the same. */
const chance = (n: number, of: number): number => (Math.imul(n * 11 + of, 0x9e37_79b1) >>> 8) % 10_007

/** Keys that repeat, at times that go on, out of order by less than 200 ms and now and then by a second. */
const entriesOf = <V>(of: number, into: Topic<string, V>, keys: number, valueOf: (n: number, chosen: number) => V) =>
  Array.from({ length: count }, (_, n): Entry => {
    const chosen = chance(n, of)
    const behind = chosen % 41 === 0 ? 1_000 : chosen % 190
    return entry(into, `k${chosen % keys}`, valueOf(n, chosen), { timestamp: 2_000 + n * 30 - behind })
  })

/** Every fifth is a removal. */
const orRemoved = <V>(chosen: number, value: V): V | null => (chosen % 5 === 0 ? null : value)

const entries: ReadonlyArray<Entry> = [
  ...entriesOf(0, events, 17, (n) => n),
  ...entriesOf(1, others, 17, (n) => n),
  ...entriesOf(2, rows, 31, (n, chosen) => orRemoved(chosen, [chosen % 7 === 0 ? '' : `k${chosen % 12}`, n])),
  ...entriesOf(3, columns, 31, (n, chosen) => orRemoved(chosen, n)),
  ...entriesOf(4, names, 12, (n, chosen) => orRemoved(chosen, `name ${n}`)),
  ...Array.from({ length: count }, (_, n) =>
    entry(spoken, `k${n % 5}`, n, { timestamp: 2_000 + n * 15 - (chance(n, 5) % 40), partition: n % 2 }),
  ),
]

const partRecords = 20

/** All that is written before the jobs run, in parts: one commit each, with records of every topic. */
export const inputs: ReadonlyArray<ReadonlyArray<Entry>> = [
  ...Map.groupBy(entries.keys(), (index) => Math.floor((index % count) / partRecords)).values(),
].map((indices) => indices.map((index) => entries[index]!))
