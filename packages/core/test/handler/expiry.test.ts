import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/codec/utf8.ts'
import { entry } from '../../src/log/entry.ts'
import { topic } from '../../src/log/Topic.ts'
import { InvalidOption } from '../../src/model/errors.ts'
import { openWorld } from '../support/world.ts'

const orders = topic('orders', { key: utf8, value: utf8 })

describe('a record that says when it expires', () => {
  test('is handled before that, and skipped and kept from then on, however it was appended', async () => {
    const world = await openWorld()
    const tooOld = topic('too-old', { key: utf8, value: utf8 })
    const handled: string[] = []
    const producer = await world.outcome(world.weir.producer(orders))
    const now = world.clock.now()
    await world.outcome(producer.append('k', 'fresh', { expiresAtMs: now + 1_000 }))
    await world.outcome(producer.append('k', 'old', { expiresAtMs: now + 10, headers: { a: 'b' } }))
    await world.outcome(world.weir.append(entry(orders, 'k', 'old too', { expiresAtMs: now + 10 })))
    await world.outcome(producer.append('k', 'for ever'))
    await world.clock.advance(10)
    await world.outcome(
      world.weir
        .topic(orders)
        .group('shop')
        .process((value) => void handled.push(value), { expired: tooOld }),
    )
    await world.clock.settle()
    expect(handled).toEqual(['fresh', 'for ever'])
    const kept: string[] = []
    await world.outcome(
      world.weir
        .topic(tooOld)
        .from('earliest')
        .toEnd()
        .consume(
          (record) => void (record._tag === 'Record' && kept.push(`${record.value} ${record.headers['a'] ?? ''}`)),
        ),
    )
    expect(kept).toEqual(['old b', 'old too '])
  })

  test.each([NaN, Infinity, 'soon' as unknown as number])(
    'is refused when that is no time: %s',
    async (expiresAtMs) => {
      const world = await openWorld()
      const producer = await world.outcome(world.weir.producer(orders))
      expect(await world.failure(producer.append('k', 'x', { expiresAtMs }))).toBeInstanceOf(InvalidOption)
      expect(await world.failure(world.weir.append(entry(orders, 'k', 'x', { expiresAtMs })))).toBeInstanceOf(
        InvalidOption,
      )
    },
  )
})
