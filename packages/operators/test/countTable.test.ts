import { int32, InvalidOption, job, nullable, topic, utf8 } from '@weir/core'
import { arbitraryKey, arbitraryRecords, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countTable, map, to } from '../src/index.ts'

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

test('a row that was set aside behind it is not counted, nor counted off', async () => {
  const picky = job('j')
    .from(rows)
    .pipe(
      countTable('c', { groupBy: (value) => value }),
      map((counted, { headers }) => {
        if (headers?.['no'] !== undefined) throw new Error('not this one')
        return counted
      }),
      to(counts),
    )
  const driver = await jobDriver(picky, { badRecords: 'set-aside' })
  await driver.send(rows, [
    { key: '1', value: 'a' },
    { key: '2', value: 'a', headers: { no: '' } },
    { key: '3', value: 'a' },
    { key: '2', value: null },
  ])
  expect((await driver.output(counts)).map(({ value }) => value)).toEqual([1, 2])
  await driver.close()
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
})
