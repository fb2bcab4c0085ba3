import { describe, expect, test } from 'vitest'
import { bytes } from '../../src/codec/bytes.ts'
import { int32 } from '../../src/codec/int32.ts'
import { nullable } from '../../src/codec/nullable.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { exponential } from '../../src/handler/retry.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidOption } from '../../src/model/errors.ts'
import { Weir } from '../../src/runtime/Weir.ts'
import { openWorld } from '../support/world.ts'

const orders = topic('orders', { key: utf8, value: int32 })

describe('an option that nobody reads is refused, and the known ones are named', () => {
  test.each([
    ['of a topic', () => topic('t', { key: utf8, value: utf8, partition: 8 } as never), 'partition'],
    ['of a retry', () => exponential({ attempts: 3 } as never), 'attempts'],
  ])('%s', (_of, call, name) => {
    expect(call).toThrow(InvalidOption)
    expect(call).toThrow(`no option '${name}'`)
  })

  test('of a group, before anything is written', async () => {
    const world = await openWorld()
    const process = world.weir
      .topic(orders)
      .group('g')
      .process(() => undefined, { concurency: 3 } as never)
    const error = await world.failure(process)
    expect(error).toBeInstanceOf(InvalidOption)
    expect((error as Error).message).toContain("no option 'concurency'; expected some of name, order, concurrencyMax")
    expect(world.disk.commitCount).toBe(0)
  })
})

describe('dead letters are refused before anything is written', () => {
  test.each([
    ['in the topic that the group reads', orders],
    ['in a topic of other values', topic('dead', { key: utf8, value: utf8 })],
    ['in a topic of other keys', topic('dead', { key: int32, value: int32 })],
  ])('%s', async (_where, deadLetter) => {
    const world = await openWorld()
    const process = world.weir
      .topic(orders)
      .group('g')
      .process(() => undefined, { deadLetter })
    expect(await world.failure(process)).toBeInstanceOf(InvalidOption)
    expect(world.disk.commitCount).toBe(0)
  })

  test('but not in one of bytes, or that allows null beside the same values', async () => {
    const world = await openWorld()
    for (const [name, value] of [
      ['a', bytes],
      ['b', nullable(int32)],
    ] as const) {
      const deadLetter = topic(name, { key: utf8, value: value as never })
      const process = world.weir
        .topic(orders)
        .group(name)
        .process(() => undefined, { deadLetter })
      await world.outcome((await world.outcome(process)).stop())
    }
  })
})

test('what is no storage is refused with what was given', async () => {
  await expect(Weir.open('./data' as never)).rejects.toThrow(
    `the storage is "./data"; expected one such as lmdb('./data')`,
  )
  await expect(Weir.open(undefined as never)).rejects.toBeInstanceOf(InvalidOption)
})
