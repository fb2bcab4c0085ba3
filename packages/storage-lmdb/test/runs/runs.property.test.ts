import type { RowChange, RowReader } from '@weir/core'
import { packRows } from '@weir/core/storage'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Environment, openDataToFill } from '../../src/environment.ts'
import { LmdbReader } from '../../src/LmdbReader.ts'
import { type RunLimits, runLimits } from '../../src/runs/RunLimits.ts'
import { runBlockKey, runIndexKey, runListKey } from '../../src/runs/runLayout.ts'
import { storedRowKey } from '../../src/rowKeys.ts'
import { type MergeBounds, RowWriter } from '../../src/writer/RowWriter.ts'
import { temporaryFolder } from '../temporaryFolder.ts'

// Rows must be as they would be without sorted runs, whenever these are made, merged and removed, and by whom.

const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Few keys, so that runs have the same ones: of two stores, some that begin others, some long. */
const keys = ['a partition', 'b partition'].flatMap((store) =>
  Array.from({ length: 20 }, (_, n) =>
    text(`${store}${Math.floor(n / 5)}${'.'.repeat([0, 2, 3, 1_900, 2_500][n % 5]!)}`),
  ),
)
const shortKeys = keys.filter(({ length }) => length < 100)
const rowKey = fc.constantFrom(...keys)

const value = fc.option(
  fc.tuple(fc.nat(999), fc.constantFrom(0, 0, 0, 700, 5_000)).map(([n, more]) => text(`${n}${' '.repeat(more)}`)),
  { freq: 3 },
)
const changes = fc.array(fc.record({ key: rowKey, value }), { minLength: 1, maxLength: 25 })

/** All rows go into runs, which are merged at once. */
const atOnce: RunLimits = {
  ...runLimits,
  rowsMin: 1,
  pagesMin: 0,
  bytesMax: 0,
  countMax: 100,
  mergedRowsMax: 50,
  mergedBytesMax: 1 << 20,
}

const limits: fc.Arbitrary<RunLimits> = fc.record({
  rowsMin: fc.constantFrom(1, 5, 15, 1_000),
  pagesMin: fc.constant(0),
  bytesMax: fc.constantFrom(1, 3_000, 1 << 20),
  countMax: fc.constantFrom(1, 3, 8),
  mergedRowsMax: fc.constantFrom(1, 7, 100),
  mergedBytesMax: fc.constantFrom(1, 200, 1 << 20),
  restMs: fc.constant(1_000),
})

type Step =
  | {
      readonly kind: 'commit' | 'fail'
      readonly writer: number
      readonly commits: ReadonlyArray<ReadonlyArray<RowChange>>
    }
  | { readonly kind: 'merge'; readonly writer: number }
  | { readonly kind: 'read'; readonly from: Uint8Array; readonly until: Uint8Array; readonly limit: number }
  | { readonly kind: 'snapshot' }

const writer = fc.nat(1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constantFrom('commit' as const, 'commit' as const, 'commit' as const, 'fail' as const),
      writer,
      commits: fc.array(changes, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('merge' as const), writer }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('read' as const), from: rowKey, until: rowKey, limit: fc.nat(40) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('snapshot' as const) }) },
)

const folder = temporaryFolder()
let data: Environment
beforeAll(() => (data = openDataToFill(folder.path, 1 << 30)))
afterAll(async () => {
  await data.close()
  folder.remove()
})

const removeAll = (): void => {
  data.transactionSync(() => {
    for (const { key } of [...data.getRange({})]) data.remove(Uint8Array.from(key))
  })
}

type Model = ReadonlyMap<string, string>

/** The rows of an environment, as two writers and a reader have them that know of each other only what is stored. */
class Rows {
  readonly #writers: ReadonlyArray<RowWriter>
  readonly #bounds: ReadonlyMap<RowWriter, MergeBounds>
  readonly #reader: LmdbReader
  #model: Model = new Map()
  readonly #snapshots: Array<{ readonly rows: RowReader; readonly model: Model; readonly end: () => void }> = []

  constructor(of: ReadonlyArray<RunLimits>) {
    removeAll()
    this.#writers = of.map((each) => new RowWriter(data, each))
    this.#bounds = new Map(
      of.map((each, nth) => [this.#writers[nth]!, { rowsMax: each.mergedRowsMax, bytesMax: each.mergedBytesMax }]),
    )
    this.#reader = new LmdbReader(data, () => {
      data.resetReadTxn()
      this.#reader.stored.renew()
    })
  }

  do(each: Step): void {
    if (each.kind === 'commit') this.#commit(this.#writers[each.writer]!, each.commits)
    else if (each.kind === 'fail') this.#fail(this.#writers[each.writer]!, each.commits)
    else if (each.kind === 'merge') this.#merge(this.#writers[each.writer]!)
    else if (each.kind === 'read') this.#read(each.from, each.until, each.limit)
    else this.#snapshot()
  }

  /** Compares all that is there, and was there. */
  end(): void {
    expectAll(this.#reader, this.#model)
    for (const { rows, model, end } of this.#snapshots) {
      expectAll(rows, model)
      end()
    }
  }

  /** Merges all, and gives the stored keys that are no rows. */
  leftovers(): ReadonlyArray<string> {
    const by = new RowWriter(data, atOnce)
    for (let turns = 0; turns < 100; turns++) this.#merge(by)
    expectAll(this.#reader, this.#model)
    return [...data.getRange({})].map(({ key: stored }) => hex(stored)).filter((stored) => !stored.startsWith('08'))
  }

  /** @returns the rows as they are then */
  #write(by: RowWriter, commits: ReadonlyArray<ReadonlyArray<RowChange>>): Model {
    // a storage sorts before its transaction
    const packed = commits.map((rows) => packRows(rows))
    const built = packed.map((rows) => by.build(rows, 0))
    const model = new Map(this.#model)
    data.transactionSync(() => {
      by.begin()
      for (const [nth, rows] of packed.entries()) {
        by.write(rows, built[nth])
        for (const { key: name, value: put } of commits[nth]!) {
          if (put === null) model.delete(hex(name))
          else model.set(hex(name), hex(put))
        }
        // a later commit of the transaction expects rows as the ones before it have left them
        expectEach({ get: (name) => by.get(storedRowKey(name)) }, model, shortKeys)
      }
      by.end()
      // as a storage does, which takes in the list
      expectOwed(by)
      if (this.#fails) throw failure
    })
    return model
  }

  #fails = false

  #commit(by: RowWriter, commits: ReadonlyArray<ReadonlyArray<RowChange>>): void {
    this.#model = this.#write(by, commits)
  }

  #fail(by: RowWriter, commits: ReadonlyArray<ReadonlyArray<RowChange>>): void {
    this.#fails = true
    expectFailure(() => this.#write(by, commits))
    this.#fails = false
    by.forget()
  }

  #merge(by: RowWriter): void {
    data.transactionSync(() => {
      by.begin()
      if (by.isMergeDue) by.merge(this.#bounds.get(by) ?? { rowsMax: 50, bytesMax: 1 << 20 })
    })
  }

  #read(from: Uint8Array, until: Uint8Array, limit: number): void {
    expectRange(this.#reader, this.#model, from, until, limit)
  }

  #snapshot(): void {
    data.resetReadTxn()
    const transaction = data.useReadTransaction()
    const rows = new LmdbReader(data, () => undefined, transaction, this.#reader)
    this.#snapshots.push({ rows, model: this.#model, end: () => transaction.done() })
  }
}

const failure = new Error('the transaction fails')

const expectAll = (rows: RowReader, model: Model): void => {
  const all = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
  const read = (reverse: boolean): unknown =>
    rows.range(text('a'), text('c'), { limit: 1_000, reverse }).map((row) => [hex(row.key), hex(row.value)])
  expect(read(false)).toEqual(all)
  expect(read(true)).toEqual(all.toReversed())
  for (const each of keys) expect(rows.range(each, text('c'), { limit: 1 })[0]?.key).toEqual(firstFrom(all, each))
  expectEach(rows, model)
}

const firstFrom = (all: ReadonlyArray<readonly [string, string]>, from: Uint8Array): Uint8Array | undefined => {
  const found = all.find(([name]) => name >= hex(from))
  return found === undefined ? undefined : Uint8Array.from(Buffer.from(found[0], 'hex'))
}

/** Asks for each row there may be, also for those that were removed. */
const expectEach = (rows: Pick<RowReader, 'get'>, model: Model, of: ReadonlyArray<Uint8Array> = keys): void => {
  for (const each of of) {
    const found = rows.get(each)
    if ((found === undefined ? undefined : hex(found)) !== model.get(hex(each))) {
      expect(found, hex(each)).toBe(model.get(hex(each)))
    }
  }
}

const expectRange = (rows: RowReader, model: Model, from: Uint8Array, until: Uint8Array, limit: number): void => {
  const names = [...model.keys()].filter((name) => name >= hex(from) && name < hex(until)).sort()
  const read = (reverse: boolean): ReadonlyArray<string> =>
    rows.range(from, until, { limit, reverse }).map((row) => hex(row.key))
  expect(read(false)).toEqual(names.slice(0, limit))
  expect(read(true)).toEqual(names.toReversed().slice(0, limit))
  expectEach(rows, model)
}

const expectOwed = (by: RowWriter): void => {
  expect(by.isMergeDue ? by.owed : 0).toBeGreaterThanOrEqual(0)
}

const expectFailure = (action: () => void): void => {
  expect(action).toThrow(failure)
}

test('rows are as a plain map says, whatever runs two writers make and merge, in snapshots too', () => {
  fc.assert(
    fc.property(fc.tuple(limits, limits), fc.array(step, { minLength: 5, maxLength: 60 }), (of, steps) => {
      const rows = new Rows(of)
      for (const each of steps) rows.do(each)
      rows.end()
      // of runs that were merged nothing is left but their list
      expect(rows.leftovers().filter((stored) => stored !== '09')).toEqual([])
    }),
    { numRuns: 300 },
  )
})

const change = (n: number, put: string): RowChange => ({ key: keys[n]!, value: text(put) })

test('a run of a transaction that failed is not taken for that of another writer that got its number', () => {
  const later = { ...atOnce, bytesMax: 1 << 20 }
  const rows = new Rows([{ ...later, rowsMin: 100 }, later])
  // the first run, so that the writer of few looks into runs
  rows.do({ kind: 'commit', writer: 1, commits: [[change(0, 'a')]] })
  rows.do({ kind: 'fail', writer: 0, commits: [[change(0, 'b')]] })
  rows.do({ kind: 'commit', writer: 1, commits: [[change(2, 'c')]] })
  rows.do({ kind: 'commit', writer: 0, commits: [[change(2, 'd')]] })
  rows.end()
})

test('a reader that last looked before runs were merged, and as many made, sees the new ones', () => {
  const rows = new Rows([atOnce, atOnce])
  for (const [n, put] of [
    [0, 'before'],
    [1, 'after'],
  ] as const) {
    rows.do({ kind: 'commit', writer: 0, commits: [[change(n, put)]] })
    rows.do({ kind: 'read', from: keys[0]!, until: keys[5]!, limit: 9 })
    if (n === 0) for (let turns = 0; turns < 3; turns++) rows.do({ kind: 'merge', writer: 0 })
  }
  rows.end()
})

test('a run that is made while others are merged is left for the next time', () => {
  const slow = { ...atOnce, mergedRowsMax: 1 }
  const rows = new Rows([slow, slow])
  rows.do({ kind: 'commit', writer: 0, commits: [[change(5, 'a'), change(6, 'b'), change(7, 'c')]] })
  rows.do({ kind: 'merge', writer: 0 })
  // before where the merge has come, and behind it
  rows.do({ kind: 'commit', writer: 1, commits: [[change(0, 'd'), change(7, 'e')]] })
  for (let turns = 0; turns < 5; turns++) rows.do({ kind: 'merge', writer: turns % 2 })
  rows.end()
})

test.each([
  ['the list of sorted runs', runListKey],
  ['the index of sorted run 1', runIndexKey(1)],
  ['block 0 of sorted run 1', runBlockKey(1, 0)],
] as const)('where %s is damaged, or missing, rows of it are not read as if there were none', (name, part) => {
  const rows = new Rows([atOnce, atOnce])
  rows.do({ kind: 'commit', writer: 0, commits: [[change(0, 'a')]] })
  data.transactionSync(() => data.put(part, new Uint8Array(5)))
  const reader = new LmdbReader(data, () => data.resetReadTxn())
  const damaged = { _tag: 'StorageFailed', message: `${name} is damaged: ask the doctor` }
  expect(() => reader.get(keys[0]!)).toThrow(expect.objectContaining(damaged))
  expect(() => reader.range(text('a'), text('c'), { limit: 1 })).toThrow(expect.objectContaining(damaged))
  if (part === runListKey) return
  data.transactionSync(() => data.remove(part))
  const missing = { _tag: 'StorageFailed', message: expect.stringContaining(`${name} is missing`) as string }
  const another = new LmdbReader(data, () => data.resetReadTxn())
  expect(() => another.get(keys[0]!)).toThrow(expect.objectContaining(missing))
})

test('commits of a few rows that are in runs make few runs: the latest one takes them in', () => {
  const later = { ...atOnce, bytesMax: 1 << 30, countMax: 1_000 }
  const [many, few] = [new RowWriter(data, later), new RowWriter(data, { ...later, rowsMin: 30 })]
  const commit = (by: RowWriter, rows: ReadonlyArray<RowChange>): void => {
    const packed = packRows(rows)
    const built = by.build(packed, 0)
    data.transactionSync(() => {
      by.begin()
      by.write(packed, built)
      by.end()
    })
  }
  removeAll()
  const row = (n: number, put: number): RowChange => ({ key: text(`a partition ${n}`), value: text(String(put)) })
  commit(
    many,
    Array.from({ length: 200 }, (_, n) => row(n, 0)),
  )
  for (let n = 0; n < 200; n++) commit(few, [row(n, n), row((n * 7) % 200, n)])
  few.begin()
  // one for some thirty rows
  expect(few.stored.list.runs.length).toBeLessThan(20)
  expect(few.stored.list.next).toBeGreaterThan(200)
  expect(few.get(storedRowKey(text('a partition 7')))).toEqual(text('7'))
})
