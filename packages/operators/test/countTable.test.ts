import { int32, InvalidOption, job, nullable, type Operator, topic, utf8 } from '@weir/core'
import { arbitraryKey, arbitraryRecords, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countTable, map, through, to } from '../src/index.ts'

const rows = topic('rows', { key: utf8, value: nullable(utf8) })
const counts = topic('counts', { key: utf8, value: nullable(int32) })
const counting = job('j')
  .from(rows)
  .pipe(countTable('c', { groupBy: (value) => (value[0] === '-' ? null : value[0]!) }), to(counts))

test('counts the rows of each group, and gives each count that has changed', async () => {
  const changed = arbitraryRecords({
    key: arbitraryKey(4),
    value: fc.option(fc.constantFrom('-', 'a1', 'a2', 'b1', 'b2'), { freq: 4 }),
    countMax: 25,
  })
  await fc.assert(
    fc.asyncProperty(changed, fc.integer({ min: 1, max: 9 }), async (records, cut) => {
      const table = new Map<string, string>()
      const expected: Record<string, Array<number | null>> = { a: [], b: [] }
      for (const { key, value } of records) {
        if (value === null) table.delete(key)
        else table.set(key, value)
        for (const [group, counted] of Object.entries(expected)) {
          const now = [...table.values()].filter((each) => each[0] === group).length || null
          if (now !== (counted.at(-1) ?? null)) counted.push(now)
        }
      }
      const driver = await jobDriver(counting, { run: { cacheEntriesMax: cut, batchRecordsMax: cut } })
      await driver.send(rows, records)
      const found: typeof expected = { a: [], b: [] }
      for (const { key, value } of await driver.output(counts)) found[key]!.push(value)
      expect(found).toEqual(expected)
      await driver.close()
    }),
    { numRuns: 15 },
  )
}, 60_000)

/** A count behind which the changes with a header `no` are set aside. */
const refusing = (between: Operator<string, number | null, string, number | null> = map((counted) => counted)) =>
  job('j')
    .from(rows)
    .pipe(
      countTable('c', { groupBy: (value) => value[0]! }),
      between,
      map((counted, { headers }) => {
        if (headers?.['no'] !== undefined) throw new Error('not this one')
        return counted
      }),
      to(counts),
    )

test('a row that was set aside behind it is not counted, nor counted off', async () => {
  const driver = await jobDriver(refusing(), { badRecords: 'set-aside' })
  await driver.send(rows, [
    { key: '1', value: 'a' },
    { key: '2', value: 'a', headers: { no: '' } },
    { key: '3', value: 'a' },
    { key: '2', value: null },
  ])
  expect((await driver.output(counts)).map(({ value }) => value)).toEqual([1, 2])
  await driver.close()
})

test('a row that was set aside behind it is counted with its next change, be it within its group', async () => {
  const driver = await jobDriver(refusing(), { badRecords: 'set-aside' })
  await driver.send(rows, [
    { key: '1', value: 'a1' },
    { key: '2', value: 'a1', headers: { no: '' } },
    { key: '1', value: 'a2' },
    { key: '2', value: 'a2' },
    { key: '2', value: 'a3' },
  ])
  expect((await driver.output(counts)).map(({ value }) => value)).toEqual([1, 2])
  expect([...driver.store('c').entries()]).toEqual([['a', 2]])
  await driver.close()
})

test('a row whose leaving was set aside behind it stays counted until it comes back; behind through() it goes', async () => {
  const given = topic('given', { key: utf8, value: nullable(int32) })
  const leaving = [
    { key: '1', value: 'a' },
    { key: '2', value: 'a' },
    { key: '1', value: 'b', headers: { no: '' } },
    { key: '1', value: null },
  ]
  const driver = await jobDriver(refusing(), { badRecords: 'set-aside' })
  await driver.send(rows, leaving)
  expect([...driver.store('c').entries()]).toEqual([['a', 2]])
  await driver.send(rows, [
    { key: '1', value: 'a' },
    { key: '1', value: 'b' },
  ])
  expect([...driver.store('c').entries()]).toEqual([
    ['a', 1],
    ['b', 1],
  ])
  await driver.close()
  const apart = await jobDriver(refusing(through(given)), { badRecords: 'set-aside' })
  await apart.send(rows, leaving)
  expect([...apart.store('c').entries()]).toEqual([['a', 1]])
  expect(apart.metrics().recordsBad).toBe(2)
  await apart.close()
})

test('groups may be of any codec; options that it does not have are refused', async () => {
  const sizes = topic('sizes', { key: int32, value: nullable(int32) })
  const law = job('j')
    .from(rows)
    .pipe(countTable('c', { groupBy: (value) => value.length, key: int32, partitions: 2 }), to(sizes))
  const driver = await jobDriver(law)
  await driver.send(rows, [
    { key: '1', value: 'ab' },
    { key: '2', value: 'cd' },
  ])
  expect((await driver.output(sizes)).map(({ key, value }) => [key, value])).toEqual([
    [2, 1],
    [2, 2],
  ])
  expect(driver.store('c').get(2)).toBe(2)
  await driver.close()
  expect(() => countTable('c', { groupBy: (value: string) => value, codec: int32 } as never)).toThrow(InvalidOption)
  expect(() => countTable('c', {} as never)).toThrow("countTable 'c': groupBy is undefined; expected a function")
})

test('keeps each count once', () => {
  expect(counting.describe().stages[1]!.operators[0]!.stores).toEqual(['c', 'c-rows'])
})
