import { count, to } from '@weir/operators'
import { describe, expect, test } from 'vitest'
import { int32 } from '../../src/codec/int32.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { job } from '../../src/job/Job.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidOption, OffsetOutOfRange, UnknownGroup, UnknownTopic } from '../../src/model/errors.ts'
import { linesOf, send, start } from '../support/jobs.ts'
import { openWorld, type World } from '../support/world.ts'

const words = topic('words', { key: utf8, value: utf8, partitions: 2 })
const copies = topic('copies', { key: utf8, value: utf8 })
const copy = job('copy').from(words).pipe(to(copies))

const filled = async (): Promise<World> => {
  const world = await openWorld()
  await send(world, words, [['k', 'a', 100]], 0)
  await send(world, words, [['k', 'b', 200]], 0)
  await send(world, words, [['k', 'c', 300]], 1)
  return world
}

describe('the lag of a group', () => {
  test('is how many records are not processed, how old the first is, and when there will be none', async () => {
    const world = await filled()
    const running = await start(world, copy)
    const group = world.weir.group('copy')
    expect((await world.outcome(group.lag())).map(({ lag, ageMs, drainMs }) => [lag, ageMs, drainMs])).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ])
    await world.outcome(running.stop())
    for (let n = 0; n < 4; n++) await send(world, words, [['k', 'd', 1_000]], 0)
    await world.clock.advance(500)
    const [first, second] = await world.outcome(group.lag())
    expect(first).toEqual({ topic: 'words', partition: 0, position: 2, end: 6, lag: 4, ageMs: 500, drainMs: Infinity })
    expect(second!.lag).toBe(0)
    await start(world, copy, { batchRecordsMax: 1 })
    await send(world, words, [['k', 'e', 1_000]], 1)
    expect((await world.outcome(group.lag())).map(({ lag }) => lag)).toEqual([0, 0])
  })

  test('says how long it takes to drain at the pace of now', async () => {
    const world = await filled()
    await world.outcome((await start(world, copy)).stop())
    const group = world.weir.group('copy')
    for (let n = 0; n < 10; n++) await send(world, words, [['k', 'd']], 0)
    await world.outcome(group.lag())
    await world.clock.advance(1_000)
    await world.outcome(group.seek('words', { offset: 6 }, 0))
    const [lag] = await world.outcome(group.lag())
    // four in a second, and six are left
    expect(lag).toMatchObject({ lag: 6, drainMs: 1_500 })
  })
})

describe('a seek', () => {
  test('lets a group at work go on from there at once, back or forth', async () => {
    const world = await filled()
    const running = await start(world, copy)
    expect(await linesOf(world, copies)).toHaveLength(3)
    const group = world.weir.group('copy')
    await world.outcome(group.seek('words', { offset: 1 }, 0))
    await world.clock.settle()
    expect(await linesOf(world, copies)).toEqual(['k: a', 'k: b', 'k: c', 'k: b'].map((line) => line))
    await world.outcome(group.seek('words', 'earliest'))
    await world.clock.settle()
    expect(await linesOf(world, copies)).toHaveLength(7)
    expect(running.done.isDone).toBe(false)
    await world.outcome(running.stop())
    await send(world, words, [['k', 'skipped', 0]], 0)
    await world.outcome(group.seek('words', 'latest'))
    await start(world, copy)
    expect(await linesOf(world, copies)).toHaveLength(7)
  })

  test('to a time goes to the first record at or after it', async () => {
    const world = await filled()
    await world.outcome((await start(world, copy)).stop())
    await world.outcome(world.weir.group('copy').seek('words', { time: 150 }))
    expect((await world.outcome(world.weir.group('copy').lag())).map(({ position }) => position)).toEqual([1, 0])
  })

  test('is refused for what is not there, and moves nothing', async () => {
    const world = await filled()
    await world.outcome((await start(world, copy)).stop())
    const group = world.weir.group('copy')
    const commits = world.disk.commitCount
    expect(await world.failure(world.weir.group('nobody').seek('words', 'latest'))).toBeInstanceOf(UnknownGroup)
    expect(await world.failure(world.weir.group('nobody').lag())).toBeInstanceOf(UnknownGroup)
    expect(await world.failure(group.seek('nothing', 'latest'))).toBeInstanceOf(UnknownTopic)
    expect(await world.failure(group.seek('copies', 'latest'))).toBeInstanceOf(InvalidOption)
    expect(await world.failure(group.seek('words', 'latest', 2))).toBeInstanceOf(InvalidOption)
    expect(await world.failure(group.seek('words', { offset: 1 }))).toBeInstanceOf(InvalidOption)
    expect(await world.failure(group.seek('words', { offset: 3 }, 0))).toBeInstanceOf(OffsetOutOfRange)
    expect(await world.failure(group.seek('words', { offset: -1 }, 0))).toBeInstanceOf(InvalidOption)
    expect(await world.failure(group.seek(words, 99 as never))).toBeInstanceOf(InvalidOption)
    expect(world.disk.commitCount).toBe(commits)
  })
})

test('a group tells who is in it, and what is whose', async () => {
  const world = await openWorld()
  await start(world, copy, { member: 'one' })
  await start(world, copy, { member: 'two' }, await world.another())
  const members = world.weir.group('copy').members()
  expect(members.map(({ name }) => name)).toEqual(['one', 'two'])
  expect(members.map(({ partitions }) => partitions.length)).toEqual([1, 1])
  const before = world.weir.group('copy').generation
  const counted = job('copy')
    .from(words)
    .pipe(count('c'), to(topic('counts', { key: utf8, value: int32 })))
  await start(world, counted, { member: 'three' }, await world.another())
  expect(world.weir.group('copy').generation).toBe(before + 1)
})
