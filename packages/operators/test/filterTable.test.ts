import { int32, InvalidOption, job, nullable, stream, topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { expect, test } from 'vitest'
import { filterTable, joinTables, keyBy, mapTable, to } from '../src/index.ts'

const numbers = topic('numbers', { key: utf8, value: nullable(int32) })
const found = topic('found', { key: utf8, value: nullable(int32) })
const small = job('j')
  .from(numbers)
  .pipe(
    filterTable((n, { key, value }) => n < 5 && value === n && key !== 'x'),
    to(found),
  )

test('a row that does not pass, or passes no more, is removed; so is one that was removed before', async () => {
  const driver = await jobDriver(small)
  await driver.send(numbers, [
    ...[1, 9, 2, null, 7].map((value, timestamp) => ({ key: 'a', value, timestamp })),
    { key: 'x', value: 1, timestamp: 5 },
  ])
  const results = (await driver.output(found)).map(({ key, value, timestamp }) => [key, value, timestamp])
  expect(results).toEqual([
    ['a', 1, 0],
    ['a', null, 1],
    ['a', 2, 2],
    ['a', null, 3],
    ['a', null, 4],
    ['x', null, 5],
  ])
  await driver.close()
})

test('removals of a table whose topic has none get through a repartition, and to a join', async () => {
  const plain = topic('plain', { key: utf8, value: utf8 })
  const names = topic('names', { key: utf8, value: utf8 })
  const greetings = topic('greetings', { key: utf8, value: nullable(utf8) })
  const short = stream(plain).pipe(
    filterTable((text) => text.length < 4),
    keyBy((_, { key }) => key.toLowerCase()),
  )
  const law = job('j')
    .from(names)
    .pipe(
      joinTables('t', short, (name, text) => `${text} ${name}`),
      mapTable((line) => `${line}!`, { codec: utf8 }),
      to(greetings),
    )
  expect(law.describe().stages[1]!.inputs.map(({ value }) => value)).toContain('nullable(utf8)')
  const driver = await jobDriver(law)
  await driver.send(names, [{ key: 'a', value: 'Ann' }])
  for (const value of ['hi', 'hello', 'hey']) await driver.send(plain, [{ key: 'A', value }])
  expect((await driver.output(greetings)).map(({ value }) => value)).toEqual(['hi Ann!', null, 'hey Ann!'])
  await driver.close()
})

test('what is no function is refused', () => {
  expect(() => filterTable(undefined as never)).toThrow(InvalidOption)
  expect(() => filterTable({ n: 5 } as never)).toThrow('filterTable: keep is an object; expected a function')
})

test('what it lets through is as it was: nothing is encoded again', async () => {
  let encoded = 0
  const counted = { ...int32, encode: (n: number) => (encoded++, int32.encode(n)) }
  const [ins, outs] = ['in', 'out'].map((name) => topic(name, { key: utf8, value: nullable(counted) }))
  const driver = await jobDriver(
    job('j')
      .from(ins!)
      .pipe(
        filterTable((n) => n < 5),
        to(outs!),
      ),
  )
  await driver.send(
    ins!,
    [1, 9, 2].map((value) => ({ key: 'a', value })),
  )
  expect((await driver.output(outs!)).map(({ value }) => value)).toEqual([1, null, 2])
  expect(encoded).toBe(3)
  await driver.close()
})
