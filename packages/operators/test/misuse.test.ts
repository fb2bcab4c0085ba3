import { InvalidJob, InvalidName, InvalidOption, job, topic, utf8 } from '@weir/core'
import { describe, expect, test } from 'vitest'
import {
  aggregate,
  aggregateTable,
  asOfJoin,
  assignTimestamps,
  branch,
  count,
  countTable,
  dedup,
  filter,
  flatMap,
  fork,
  join,
  joinForeignKey,
  joinGlobalTable,
  joinTable,
  joinTables,
  keyBy,
  leftAsOfJoin,
  leftJoin,
  leftJoinForeignKey,
  leftJoinGlobalTable,
  leftJoinTable,
  leftJoinTables,
  listState,
  map,
  mapAsync,
  mapState,
  mapTable,
  mapValues,
  merge,
  outerJoin,
  outerJoinTables,
  process,
  reduce,
  rx,
  suppress,
  tap,
  through,
  to,
  topN,
  tumbling,
  valueState,
} from '../src/index.ts'

const words = topic('words', { key: utf8, value: utf8 })
const none = undefined as never
const folding = { initial: () => 0, add: () => 1 }
const table = { ...folding, groupBy: String, subtract: () => 0 }
const window = tumbling(10)

/** As programs without types call it. */
const loose = (made: unknown): ((...given: ReadonlyArray<unknown>) => unknown) => made as never

describe('what cannot work is refused where it is said, not at the first record', () => {
  test.each([
    ['filter: keep', () => filter(undefined as never)],
    ['map: project', () => map(5 as never)],
    ['map: project', () => mapValues(null as never)],
    ['flatMap: project', () => flatMap([] as never)],
    ['tap: look', () => tap(undefined as never)],
    ['keyBy: keyOf', () => keyBy(undefined as never)],
    ['assignTimestamps: timestampOf', () => assignTimestamps(0 as never)],
  ])('%s without a function', (what, make) => {
    expect(make).toThrow(InvalidOption)
    expect(make).toThrow(`${what} is `)
  })

  test.each([
    ['map', 'codecs', () => map(String, { codecs: 1 } as never)],
    ['flatMap', 'codecs', () => flatMap(() => [], { codecs: 1 } as never)],
    ['keyBy', 'partition', () => keyBy(String, { partition: 1 } as never)],
    ['assignTimestamps', 'idleMs', () => assignTimestamps(Number, { idleMs: 1 } as never)],
  ])('an option that %s does not know: %s', (_, name, make) => {
    expect(make).toThrow(InvalidOption)
    expect(make).toThrow(`there is no option '${name}'`)
  })
})

describe('a topic or a flow that is none is refused as the operator is built', () => {
  const both = (left: unknown, right: unknown): unknown => [left, right]
  const of = { within: 1 }

  test.each<readonly [what: string, make: (given: never) => unknown]>([
    ['to: the topic', (given) => to(given)],
    ['through: the topic', (given) => through(given)],
    ['merge: flow 1', (given) => merge(words, given)],
    ["join 'j': the other side", (given) => join('j', given, both, of)],
    ["leftJoin 'j': the other side", (given) => leftJoin('j', given, both, of)],
    ["outerJoin 'j': the other side", (given) => outerJoin('j', given, both, of)],
    ["joinTable 'j': the table", (given) => joinTable('j', given, both)],
    ["leftJoinTable 'j': the table", (given) => leftJoinTable('j', given, both)],
    ["joinTable 'j': the table", (given) => joinTable('j', given, both, { graceMs: 5 })],
    ["asOfJoin 'j': the table", (given) => asOfJoin('j', given, both, { historyMs: 1 })],
    ["leftAsOfJoin 'j': the table", (given) => leftAsOfJoin('j', given, both, { historyMs: 1 })],
    ["joinTables 'j': the other table", (given) => joinTables('j', given, both)],
    ["leftJoinTables 'j': the other table", (given) => leftJoinTables('j', given, both)],
    ["outerJoinTables 'j': the other table", (given) => outerJoinTables('j', given, both)],
    ["joinForeignKey 'j': the right table", (given) => joinForeignKey('j', given, String, both)],
    ["leftJoinForeignKey 'j': the right table", (given) => leftJoinForeignKey('j', given, String, both)],
    ["joinGlobalTable 'j': the table", (given) => joinGlobalTable('j', given, String, both)],
    ["leftJoinGlobalTable 'j': the table", (given) => leftJoinGlobalTable('j', given, String, both)],
    ["aggregate 'a': late", (given) => aggregate('a', { ...folding, window, late: given ?? 0 })],
    ["count 'a': late", (given) => count('a', { window, late: given ?? 0 })],
    ["reduce 'a': late", (given) => reduce('a', String, { window, late: given ?? 0 })],
    ["topN 'a': late", (given) => topN('a', 1, { by: Number, window, late: given ?? 0 })],
    ["suppress 's': late", (given) => suppress('s', { until: 'close', late: given ?? 0 })],
    ["join 'j': late.right", (given) => join('j', words, both, { ...of, late: { right: given ?? 0 } })],
    ["joinTable 'j': late", (given) => joinTable('j', words, both, { graceMs: 5, late: given ?? 0 })],
    ["process 'p': output 'o'", (given) => process('p', { onRecord: () => undefined, outputs: { o: given } })],
  ])('%s', (what, make) => {
    for (const given of [undefined, null, 'words', 5, {}, map(String)]) {
      expect(() => make(given as never)).toThrow(InvalidOption)
      expect(() => make(given as never)).toThrow(
        new RegExp(`^${what} is .+; expected one such as topic\\('orders', \\{ key: utf8, value: utf8 \\}\\)$`),
      )
    }
  })

  test.each([
    ["merge: flow 0 is job 'empty', which has no source;", () => merge(job('empty') as never)],
    [
      "joinTable 'j': the table is job 'empty', which has no source;",
      () => joinTable('j', job('empty') as never, String),
    ],
    ['merge: there are no flows; expected at least one', () => merge()],
  ])('%s', (message, make) => {
    expect(make).toThrow(InvalidJob)
    expect(make).toThrow(message)
  })
})

test.each([
  ...Object.entries({ aggregate, aggregateTable, count, countTable, dedup, mapAsync, process, reduce, suppress, topN }),
  ...Object.entries({ join, leftJoin, outerJoin, joinTable, leftJoinTable, asOfJoin, leftAsOfJoin }),
  ...Object.entries({ joinTables, leftJoinTables, outerJoinTables, joinForeignKey, leftJoinForeignKey }),
  ...Object.entries({ joinGlobalTable, leftJoinGlobalTable }),
])('%s without a name, or with one that is none, is refused as it is built', (kind, make) => {
  for (const [given, shown] of [
    [undefined, 'of type undefined'],
    [{ initial: () => 0 }, 'of type object'],
    ['', '""'],
    ['all words', '"all words"'],
  ] as ReadonlyArray<readonly [unknown, string]>) {
    expect(() => loose(make)(given)).toThrow(InvalidName)
    expect(() => loose(make)(given)).toThrow(`${kind} name ${shown} is not allowed; expected`)
  }
})

test.each<readonly [message: string, make: () => unknown]>([
  ["aggregate 'a': the options are undefined; expected an object", () => aggregate('a', none)],
  ["suppress 's': the options are undefined; expected an object", () => suppress('s', none)],
  ["aggregate 'a': initial is undefined; expected a function", () => aggregate('a', { add: () => 1 } as never)],
  ["aggregate 'a': add is a number; expected a function", () => aggregate('a', { ...folding, add: 1 as never })],
  [
    "aggregate 'a': merge is an object; expected a function",
    () => aggregate('a', { ...folding, window, merge: {} } as never),
  ],
  ['aggregate \'a\': codec is "utf8"; expected a codec', () => aggregate('a', { ...folding, codec: 'utf8' as never })],
  [
    "aggregate 'a': the window is a number; expected one such as",
    () => aggregate('a', { ...folding, window: 10 as never }),
  ],
  ["count 'a': the window is an object; expected one such as", () => count('a', { window: { sizeMs: 10 } as never })],
  ["reduce 'r': combine is undefined; expected a function", () => reduce('r', none)],
  ["topN 't': by is undefined; expected a function", () => topN('t', 1, {} as never)],
  ["topN 't': values is an object; expected a codec", () => topN('t', 1, { by: Number, values: {} as never })],
  ['dedup \'d\': idOf is "id"; expected a function', () => dedup('d', { withinMs: 1, idOf: 'id' as never })],
  [
    'aggregateTable \'t\': key is "utf8"; expected a codec',
    () => aggregateTable('t', { ...table, key: 'utf8' as never }),
  ],
  ["process 'p': onRecord is undefined; expected a function", () => process('p', {} as never)],
  [
    'process \'p\': emits is "utf8"; expected a codec',
    () => process('p', { onRecord: () => undefined, emits: 'utf8' as never }),
  ],
  ["join 'j': joiner is undefined; expected a function", () => join('j', words, none, none)],
  [
    "join 'j': codecs.left is a number; expected a codec",
    () => join('j', words, String, { within: 1, codecs: { left: 5 as never } }),
  ],
  ["join 'j': codec is a number; expected a codec", () => join('j', words, String, { within: 1, codec: 5 as never })],
  ["joinTable 'j': joiner is undefined; expected a function", () => joinTable('j', words, none)],
  ["asOfJoin 'j': joiner is undefined; expected a function", () => asOfJoin('j', words, none, none)],
  ["joinTables 'j': joiner is undefined; expected a function", () => joinTables('j', words, none)],
  [
    "joinTables 'j': codecs.right is a number; expected a codec",
    () => joinTables('j', words, String, { codecs: { right: 5 as never } }),
  ],
  ["joinForeignKey 'j': foreignKeyOf is undefined; expected a function", () => joinForeignKey('j', words, none, none)],
  ["joinForeignKey 'j': joiner is undefined; expected a function", () => joinForeignKey('j', words, String, none)],
  ["joinGlobalTable 'j': keyOf is undefined; expected a function", () => joinGlobalTable('j', words, none, none)],
  ["joinGlobalTable 'j': joiner is undefined; expected a function", () => joinGlobalTable('j', words, String, none)],
  [
    "process 'p': state is a number; expected an object",
    () => process('p', { onRecord: () => undefined, state: 5 as never }),
  ],
  [
    "process 'p': outputs is null; expected an object",
    () => process('p', { onRecord: () => undefined, outputs: null as never }),
  ],
  ["join 'j': within is undefined; expected milliseconds", () => join('j', words, String, {} as never)],
  ['rx: operator is undefined; expected a function', () => rx(none)],
  ["rx: there is no option 'codecs'; expected some of codec", () => rx(map as never, { codecs: 1 } as never)],
  ['map: codec is "utf8"; expected a codec', () => map(String, { codec: 'utf8' as never })],
  ['mapTable: codec is "utf8"; expected a codec', () => mapTable(String, { codec: 'utf8' as never })],
  ['keyBy: key is "utf8"; expected a codec', () => keyBy(String, { key: 'utf8' as never })],
  ['valueState: the codec is undefined; expected a codec', () => valueState(none)],
  ['mapState: the codec is undefined; expected a codec', () => mapState(utf8, none)],
  ['mapState: the codec is "utf8"; expected a codec', () => mapState('utf8' as never, utf8)],
  ['listState: the codec is undefined; expected a codec', () => listState(none)],
  ['branch 0: the options are undefined; expected an object', () => branch(none)],
  ['branch 0: when is undefined; expected a function', () => branch({ line: String } as never)],
  ['fork: line 1 is undefined; expected a function', () => fork<string, string>((line) => line.pipe(to(words)), none)],
])('%s', (message, make) => {
  expect(make).toThrow(InvalidOption)
  expect(make).toThrow(message)
})

test('a line of a fork that gives nothing back is refused', () => {
  expect(() => fork(() => job('empty') as never)).toThrow('fork: line 0 does nothing with its records')
  expect(() => fork(() => none)).toThrow(InvalidJob)
  expect(() => fork(() => none)).toThrow('fork: what line 0 gives is undefined; expected one such as job(')
})
