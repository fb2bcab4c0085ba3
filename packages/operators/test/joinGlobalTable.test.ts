import { InvalidJob, InvalidOption, job, nullable, stream, topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { joinGlobalTable, keyBy, leftJoinGlobalTable, map, merge, to } from '../src/index.ts'

const orders = topic('orders', { key: utf8, value: nullable(utf8), partitions: 3 })
const items = topic('items', { key: utf8, value: nullable(utf8), partitions: 2 })
const found = topic('found', { key: utf8, value: utf8 })

const pair = (a: string, b: string | null, key: string | null) => `${a} ${b} ${key}`
/** An order is of the item that its first letter names. */
const itemOf = (order: string) => (order.startsWith('-') ? null : order.slice(0, 1))

const inner = job('j')
  .from(orders)
  .pipe(joinGlobalTable('t', items, itemOf, pair, { codecs: { right: utf8 } }), to(found))
const left = job('j')
  .from(orders)
  .pipe(leftJoinGlobalTable('t', items, itemOf, pair), to(found))

describe('joinGlobalTable', () => {
  test('finds values by any key, in all partitions, as they are committed', async () => {
    const driver = await jobDriver(inner, { workers: 2 })
    const seen = async () => (await driver.output(found)).map(({ key, value }) => `${key}: ${value}`).toSorted()
    await driver.send(
      items,
      ['a', 'b', 'c', 'd'].map((key) => ({ key, value: key.toUpperCase() })),
    )
    await driver.send(orders, [
      { key: '1', value: 'a1' },
      { key: '2', value: 'b2' },
      { key: '3', value: 'd3' },
      { key: '4', value: 'x4' },
      { key: '5', value: '-5' },
      { key: '6', value: null },
    ])
    expect(await seen()).toEqual(['1: a1 A a', '2: b2 B b', '3: d3 D d'])
    await driver.send(items, [
      { key: 'a', value: 'AA' },
      { key: 'b', value: null },
    ])
    driver.crash()
    await driver.restart()
    await driver.send(orders, [
      { key: '1', value: 'a7' },
      { key: '2', value: 'b8' },
    ])
    expect(await seen()).toEqual(['1: a1 A a', '1: a7 AA a', '2: b2 B b', '3: d3 D d'])
    expect([...driver.store('t').entries()]).toEqual([
      ['a', 'AA'],
      ['c', 'C'],
      ['d', 'D'],
    ])
    await driver.finish()
    await driver.close()
  })

  test('begins with the stream when what the table held is read', async () => {
    const before = await jobDriver(job('other').from(found).pipe(to(orders)))
    await before.send(
      items,
      Array.from({ length: 50 }, (_, n) => ({ key: `${n % 10}`, value: `${n}` })),
    )
    await before.send(
      orders,
      Array.from({ length: 10 }, (_, n) => ({ key: 'k', value: `${n}` })),
    )
    for (const table of [
      items,
      stream(items).pipe(
        map((value) => value),
        keyBy((_, { key }) => key, { partitions: 4 }),
      ),
    ]) {
      const name = `filled-${table === items}`
      const results = topic(`${name}-results`, { key: utf8, value: utf8 })
      const filled = job(name)
        .from(orders)
        .pipe(joinGlobalTable('t', table, itemOf, pair), to(results))
      const driver = await jobDriver(filled, { disk: before.disk, run: { batchRecordsMax: 1 } })
      const values = (await driver.output(results)).map(({ value }) => value)
      expect(values).toEqual(Array.from({ length: 10 }, (_, n) => `${n} ${40 + n} ${n}`))
      await driver.finish()
      await driver.close()
    }
    await before.close()
  })

  test('is described as a stage of its own', () => {
    expect(
      inner
        .describe()
        .stages.map(({ inputs, operators }) => [
          inputs.map(({ topic: name }) => name),
          operators.map(({ kind }) => kind),
        ]),
    ).toEqual([
      [['orders'], ['joinGlobalTable', 'to']],
      [['items'], ['globalTable']],
    ])
  })

  test('refuses a table that the tasks of the stream would keep, a name that is taken, and options that are none', () => {
    const itself = job('j')
      .from(orders)
      .pipe(joinGlobalTable('t', orders, itemOf, pair), to(found))
    expect(() => itself.describe()).toThrow(InvalidJob)
    expect(() => itself.describe()).toThrow(
      "joinGlobalTable 't' looks up what its own tasks, which read 'orders', would fill",
    )
    const rekeyed = stream(orders).pipe(keyBy((value) => value ?? ''))
    const fills = job('j')
      .from(orders)
      .pipe(joinGlobalTable('t', rekeyed, itemOf, pair), to(found))
    expect(() => fills.describe()).toThrow("which read 'orders', would fill")
    const merged = job('j')
      .from(orders)
      .pipe(merge(items), joinGlobalTable('t', items, itemOf, pair), to(found))
    expect(() => merged.describe()).toThrow(InvalidJob)
    const twice = job('j')
      .from(orders)
      .pipe(joinGlobalTable('t', items, itemOf, pair), joinGlobalTable('t', items, itemOf, pair), to(found))
    expect(() => twice.describe()).toThrow("two stores named 't'")
    expect(() => joinGlobalTable('t', items, itemOf, pair, { value: utf8 } as object)).toThrow(InvalidOption)
    expect(() => joinGlobalTable('t', items, itemOf, pair, { codecs: { left: utf8 } as object })).toThrow(
      "joinGlobalTable 't': codecs: there is no option 'left'",
    )
  })
})

test('leftJoinGlobalTable gives on what finds nothing', async () => {
  const driver = await jobDriver(left)
  await driver.send(items, [{ key: 'a', value: 'A' }])
  await driver.send(orders, [
    { key: '1', value: 'a1' },
    { key: '1', value: 'x2' },
    { key: '1', value: '-3' },
  ])
  expect((await driver.output(found)).map(({ value }) => value)).toEqual(['a1 A a', 'x2 null x', '-3 null null'])
  await driver.close()
})
