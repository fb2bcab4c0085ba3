import { int32, job, stream, topic, utf8 } from '@weir/core'
import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  jobDriver,
} from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { count, map, merge, to, tumbling } from '../src/index.ts'

const web = topic('web', { key: utf8, value: utf8, partitions: 2 })
const shop = topic('shop', { key: utf8, value: utf8, partitions: 2 })
const all = topic('all', { key: utf8, value: utf8 })
const idle = topic('idle', { key: utf8, value: utf8 })
const counts = topic('counts', { key: utf8, value: int32, partitions: 2 })

describe('merge', () => {
  test('gives what has been appended in the order of event time, whichever topic it comes from', async () => {
    const merged = job('j')
      .from(web)
      .pipe(merge(stream(shop).pipe(map((order) => `shop ${order}`))), to(all))
    const before = await jobDriver(job('other').from(all).pipe(to(idle)))
    const at = (timestamp: number) => ({ key: 'a', value: `${timestamp}`, timestamp })
    await before.send(web, [1, 4, 5].map(at))
    await before.send(shop, [2, 3, 6].map(at))
    const driver = await jobDriver(merged, { disk: before.disk })
    await driver.settle()
    const found = await driver.output(all)
    expect(found.map(({ value }) => value)).toEqual(['1', 'shop 2', 'shop 3', '4', '5', 'shop 6'])
    await driver.close()
    await before.close()
  })

  test('keeps that order where what comes next of one topic is in the log, but was not read yet', async () => {
    const other = await jobDriver(job('other').from(all).pipe(to(idle)))
    const send = (into: typeof web, timestamp: number) =>
      other.send(into, [{ key: 'a', value: `${timestamp}`, timestamp }])
    for (const timestamp of [1, 2, 3, 4, 5, 6, 7, 8]) await send(web, timestamp)
    for (const timestamp of [10, 20, 30, 40]) await send(shop, timestamp)
    const merged = job('j').from(web).pipe(merge(shop), to(all))
    const driver = await jobDriver(merged, { disk: other.disk, run: { batchRecordsMax: 4 } })
    const found = await driver.output(all)
    expect(found.map(({ timestamp }) => timestamp)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40])
    await driver.close()
    await other.close()
  })

  const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.string({ maxLength: 2 }) })
  const windowed = job('windowed')
    .from(web)
    .pipe(merge(shop), count('c', { window: tumbling(5) }), to(counts))
  const options = { inputs: [inputTo(web, records), inputTo(shop, records)], order: 'byKey' as const }

  test('before windows is exactly once', () => fc.assert(isExactlyOnce(windowed, options), { numRuns: 30 }))

  test('before windows gives the same however batches are cut', () =>
    fc.assert(isBatchInvariant(windowed, options), { numRuns: 30 }))

  test('before windows gives the same under any options', () =>
    fc.assert(isOptionInvariant(windowed, options), { numRuns: 30 }))
})
