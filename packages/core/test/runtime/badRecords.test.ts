import { merge, to } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import { int32 } from '../../src/codec/int32.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import { entry } from '../../src/log/entry.ts'
import { topic } from '../../src/log/Topic.ts'
import { linesOf, recordsOf, start } from '../support/jobs.ts'
import { openWorld } from '../support/world.ts'

/** The same topics as those that write them see them, and as the job does. */
const raw = topic('numbers', { key: bytes, value: nullable(bytes), partitions: 2 })
const asBytes = { name: 'bytes' }
const numbers = topic('numbers', {
  key: { ...utf8, ...asBytes },
  value: { ...int32, name: 'nullable(bytes)' },
  partitions: 2,
})
const others = topic('others', { key: bytes, value: nullable(bytes) })
const otherNumbers = topic('others', {
  key: { ...utf8, ...asBytes },
  value: { ...int32, name: 'nullable(bytes)' },
})
const copies = topic('copies', { key: utf8, value: int32 })
const badRecords = topic('j-bad-records', { key: nullable(bytes), value: nullable(bytes) })
const copying = job('j').from(numbers).pipe(to(copies)).from(otherNumbers).pipe(to(copies))

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

describe('a record that a job cannot decode', () => {
  test('is set aside as it is, with its cause and its origin, and the others go on', async () => {
    const world = await openWorld()
    const running = await start(world, copying)
    await world.outcome(
      world.weir.append(
        entry(raw, text('a'), int32.encode(1), { partition: 1 }),
        entry(raw, text('b'), text('no number'), { partition: 1, timestamp: 7, headers: { trace: 't1' }, id: 'i1' }),
        entry(raw, new Uint8Array([0xff, 0xfe]), int32.encode(2), { partition: 1 }),
        entry(raw, text('c'), null, { partition: 1 }),
        entry(raw, text('d'), int32.encode(3), { partition: 1 }),
      ),
    )
    expect(await linesOf(world, copies)).toEqual(['a: 1', 'd: 3'])
    const bad = await recordsOf(world, badRecords)
    expect(bad.map(({ key, value }) => [key, value])).toEqual([
      [text('b'), text('no number')],
      [new Uint8Array([0xff, 0xfe]), int32.encode(2)],
      [text('c'), null],
    ])
    const origin = { 'weir.topic': 'numbers', 'weir.partition': '1' }
    expect(bad[0]).toMatchObject({
      timestamp: 7,
      headers: { ...origin, trace: 't1', 'weir.offset': '1', 'weir.part': 'value', 'weir.id': 'i1' },
    })
    expect(bad[1]!.headers).toMatchObject({ ...origin, 'weir.offset': '2', 'weir.part': 'key' })
    expect(bad[2]!.headers).toMatchObject({ ...origin, 'weir.offset': '3', 'weir.part': 'value' })
    for (const { headers } of bad) expect(headers['weir.cause']).not.toBe('')
    expect(running.metrics()).toMatchObject({ recordsIn: 5, recordsBad: 3 })
  })

  test('is not hidden by another one with the same id', async () => {
    const world = await openWorld()
    await start(world, copying)
    await world.outcome(
      world.weir.append(
        entry(raw, text('a'), text('no'), { id: 'i' }),
        entry(others, text('a'), text('no either'), { id: 'i' }),
      ),
    )
    expect(await recordsOf(world, badRecords)).toHaveLength(2)
  })

  test('is set aside once, also when what comes behind it has to wait for records of another topic', async () => {
    const world = await openWorld()
    const merged = job('j').from(numbers).pipe(merge(otherNumbers), to(copies))
    for (const timestamp of [1, 2, 3, 4, 5]) {
      await world.outcome(
        world.weir.append(entry(raw, text('a'), int32.encode(timestamp), { timestamp, partition: 0 })),
      )
    }
    await world.outcome(
      world.weir.append(
        entry(others, text('b'), text('no number'), { timestamp: 1 }),
        entry(others, text('b'), int32.encode(9), { timestamp: 9 }),
      ),
    )
    const running = await start(world, merged, { batchRecordsMax: 2 })
    expect(await linesOf(world, copies)).toEqual(['a: 1', 'a: 2', 'a: 3', 'a: 4', 'a: 5', 'b: 9'])
    expect(await recordsOf(world, badRecords)).toHaveLength(1)
    expect(running.metrics()).toMatchObject({ recordsIn: 7, recordsBad: 1, lag: 0 })
  })

  test('may be one of nothing else: the position moves on', async () => {
    const world = await openWorld()
    const running = await start(world, copying)
    await world.outcome(world.weir.append(entry(raw, text('a'), text('no'))))
    expect(running.metrics()).toMatchObject({ recordsIn: 1, recordsBad: 1, lag: 0 })
    await world.outcome(running.stop())
    await start(world, copying)
    expect(await recordsOf(world, badRecords)).toHaveLength(1)
  })
})
