import { type ConsumedRecord, CompletableFuture, InvalidOption, RecordTooLarge, topic, utf8, Weir } from '@weir/core'
import { memory, type MemoryDisk, memoryDisk, type VirtualClock, virtualClock } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { openSchedules, type Schedules } from '../src/index.ts'

const reminders = topic('reminders', { key: utf8, value: utf8, partitions: 2 })

interface World {
  readonly weir: Weir
  readonly clock: VirtualClock
  readonly schedules: Schedules
  readonly outcome: <A>(future: CompletableFuture<A>) => Promise<A>
  readonly delivered: () => Promise<ReadonlyArray<readonly [value: string, timestamp: number]>>
  readonly records: () => Promise<ReadonlyArray<ConsumedRecord<string, string>>>
}

const open = async (disk: MemoryDisk = memoryDisk(), clock: VirtualClock = virtualClock(1_000_000)): Promise<World> => {
  const outcome = async <A>(future: CompletableFuture<A>): Promise<A> => {
    await clock.settle()
    if (!future.isDone) throw new Error('the future is pending although everything has settled')
    return future
  }
  const weir = await outcome(Weir.open(memory({ disk, clock }), { clock }))
  const schedules = await outcome(openSchedules(weir, { leaseMs: 3_600_000 }))
  const records = async () => {
    const found: Array<ConsumedRecord<string, string>> = []
    if (!weir.topics().some(({ name }) => name === 'reminders')) return found
    await outcome(
      weir
        .topic(reminders)
        .from('earliest')
        .toEnd()
        .consume((record) => {
          if (record._tag === 'Record') found.push(record)
        }),
    )
    return found.sort((a, b) => a.timestamp - b.timestamp)
  }
  const delivered = async () => (await records()).map(({ value, timestamp }) => [value, timestamp] as const)
  return { weir, clock, schedules, outcome, delivered, records }
}

const byNumber = (a: number, b: number): number => a - b

describe('a record to be delivered later', () => {
  test('is there when its time has come, and not before', async () => {
    const { schedules, outcome, clock, delivered } = await open()
    await outcome(schedules.deliver(reminders, 'ann', 'later', { deliverAfterMs: 60_000 }))
    await outcome(schedules.deliver(reminders, 'ann', 'sooner', { deliverAtMs: 1_030_000 }))
    await outcome(schedules.deliver(reminders, 'ann', 'past', { deliverAtMs: 0 }))
    await clock.settle()
    expect(await delivered()).toEqual([['past', 0]])
    await clock.advance(29_999)
    expect(await delivered()).toHaveLength(1)
    await clock.advance(1)
    expect(await delivered()).toEqual([
      ['past', 0],
      ['sooner', 1_030_000],
    ])
    await clock.advance(30_000)
    expect((await delivered()).at(-1)).toEqual(['later', 1_060_000])
  })

  test('keeps its key, headers, id and time, and its partition when it is given one', async () => {
    const { schedules, outcome, clock, records } = await open()
    const options = { deliverAfterMs: 10, headers: { a: 'b' }, id: 'one', timestamp: 5, partition: 1 }
    await outcome(schedules.deliver(reminders, 'ann', 'x', options))
    await outcome(schedules.deliver(reminders, 'ann', 'again', options))
    await clock.advance(10)
    expect(await records()).toEqual([
      expect.objectContaining({ key: 'ann', value: 'x', headers: { a: 'b' }, id: 'one', timestamp: 5, partition: 1 }),
    ])
  })

  test('is delivered once by any number of processes, and survives all of them', async () => {
    const disk = memoryDisk()
    const first = await open(disk)
    const second = await open(disk, first.clock)
    for (let n = 0; n < 20; n++) {
      await first.outcome(first.schedules.deliver(reminders, `k${n}`, String(n), { deliverAfterMs: 1_000 }))
    }
    await first.outcome(first.weir.close())
    await second.outcome(second.weir.close())
    await first.clock.advance(3_600_000)
    const third = await open(disk, first.clock)
    expect(await third.delivered()).toHaveLength(20)
    await third.clock.advance(3_600_000)
    expect(new Set((await third.delivered()).map(([value]) => value)).size).toBe(20)
    expect(await third.delivered()).toHaveLength(20)
  })

  test('comes in the order of time, however many wait', async () => {
    const { schedules, outcome, clock, delivered } = await open()
    const delays = Array.from({ length: 2_000 }, (_, n) => 100 * (1 + ((n * 7_919) % 20)))
    const waiting = delays.map((deliverAfterMs) =>
      schedules.deliver(reminders, 'k', String(deliverAfterMs), { deliverAfterMs }),
    )
    await clock.settle()
    for (const each of waiting) await outcome(each)
    await clock.advance(1_000)
    expect((await delivered()).map(([value]) => Number(value))).toEqual(
      delays.filter((ms) => ms <= 1_000).toSorted(byNumber),
    )
    await clock.advance(1_000)
    expect(await delivered()).toHaveLength(2_000)
  })

  test('is delivered into a topic that is full, so that it holds up no other', async () => {
    const { schedules, weir, outcome, clock, delivered } = await open()
    const tight = topic('tight', { key: utf8, value: utf8, capacity: { countMax: 1, whenFull: 'wait' } })
    await outcome(weir.producer(tight))
    for (const value of ['a', 'b']) await outcome(schedules.deliver(tight, 'k', value, { deliverAfterMs: 10 }))
    await outcome(schedules.deliver(reminders, 'k', 'c', { deliverAfterMs: 20 }))
    await clock.advance(20)
    const { firstPartition } = weir.topics().find(({ name }) => name === 'tight')!
    expect([weir.storage.bounds(firstPartition).end, await delivered()]).toEqual([2, [['c', 1_000_020]]])
  })

  test('is delivered when the wall clock is set past its time', async () => {
    const { schedules, outcome, clock, delivered } = await open()
    await outcome(schedules.deliver(reminders, 'k', 'x', { deliverAfterMs: 3_600_000 }))
    clock.setWallClock(1_000_000 + 3_600_000)
    await clock.advance(10_000)
    expect(await delivered()).toHaveLength(1)
  })

  test.each([
    ['no time', {}, InvalidOption],
    ['two times', { deliverAtMs: 1, deliverAfterMs: 1 }, InvalidOption],
    ['a negative delay', { deliverAfterMs: -1 }, InvalidOption],
    ['a delay that is no number', { deliverAfterMs: NaN }, InvalidOption],
    ['a time that is none', { deliverAtMs: Date.parse('x') }, InvalidOption],
    ['a partition that is not there', { deliverAfterMs: 1, partition: 2 }, InvalidOption],
    ['an empty id', { deliverAfterMs: 1, id: '' }, InvalidOption],
  ])('is refused with %s', async (_what, options, kind) => {
    const { schedules, outcome } = await open()
    await expect(
      outcome(schedules.deliver(reminders, 'k', 'x', options as { deliverAfterMs: number })),
    ).rejects.toBeInstanceOf(kind)
  })

  test('is refused when it is too large for its topic', async () => {
    const { schedules, outcome } = await open()
    const small = topic('small', { key: utf8, value: utf8, recordBytesMax: 10 })
    await expect(outcome(schedules.deliver(small, 'k', 'x'.repeat(10), { deliverAfterMs: 1 }))).rejects.toBeInstanceOf(
      RecordTooLarge,
    )
  })
})

describe('a schedule', () => {
  // the first of January 2026, 00:00 UTC
  const newYear = Date.UTC(2026, 0, 1)

  test('appends its record whenever its line says so, in its time zone, until it is cancelled', async () => {
    const { schedules, outcome, clock, records } = await open(memoryDisk(), virtualClock(newYear))
    const options = { topic: reminders, key: 'ann', value: 'stand up' }
    await outcome(schedules.cron('daily', { ...options, cron: '30 9 * * *', timeZone: 'Europe/Berlin' }))
    await clock.advance(3 * 86_400_000)
    const expected = [1, 2, 3].map((day) => Date.UTC(2026, 0, day, 8, 30))
    expect((await records()).map(({ timestamp }) => timestamp)).toEqual(expected)
    expect((await records()).map(({ id }) => id)).toEqual(expected.map((time) => `daily@${time}`))
    expect(await outcome(schedules.cancel('daily'))).toBe(true)
    await clock.advance(86_400_000)
    expect(await records()).toHaveLength(3)
  })

  test('says whether it was there to be cancelled, by what was said of it last', async () => {
    const { schedules, outcome, clock, delivered } = await open(memoryDisk(), virtualClock(newYear))
    const options = { topic: reminders, key: 'k', value: 'x', cron: '*/10 * * * *' }
    expect(await outcome(schedules.cancel('nobody'))).toBe(false)
    // the delivery has not read these yet
    const [, first, second] = await outcome(
      CompletableFuture.allOf([
        schedules.cron('s', options).thenApply(() => false),
        schedules.cron('s', options).thenCompose(() => schedules.cancel('s')),
        schedules.cron('t', options).thenApply(() => true),
      ]),
    )
    expect([first, second]).toEqual([true, true])
    await clock.advance(600_000)
    expect(await delivered()).toHaveLength(1)
    expect([await outcome(schedules.cancel('s')), await outcome(schedules.cancel('t'))]).toEqual([false, true])
    expect(await outcome(schedules.cancel('t'))).toBe(false)
    await expect(outcome(schedules.cancel('a/b'))).rejects.toThrow(/schedule name "a\/b"/)
  })

  test('keeps to its time zone when summer time begins', async () => {
    const { schedules, outcome, clock, records } = await open(memoryDisk(), virtualClock(Date.UTC(2026, 2, 28)))
    const options = { topic: reminders, key: 'ann', value: 'x' }
    await outcome(schedules.cron('daily', { ...options, cron: '0 12 * * *', timeZone: 'Europe/Berlin' }))
    await clock.advance(2 * 86_400_000)
    expect((await records()).map(({ timestamp }) => timestamp)).toEqual([
      Date.UTC(2026, 2, 28, 11),
      Date.UTC(2026, 2, 29, 10),
    ])
  })

  test('of the same name is replaced', async () => {
    const { schedules, outcome, clock, delivered } = await open(memoryDisk(), virtualClock(newYear))
    await outcome(schedules.cron('s', { topic: reminders, key: 'k', value: 'old', cron: '*/10 * * * *' }))
    await outcome(schedules.cron('s', { topic: reminders, key: 'k', value: 'new', cron: '*/30 * * * *' }))
    await clock.advance(3_600_000)
    expect((await delivered()).map(([value]) => value)).toEqual(['new', 'new'])
  })

  test('that is set again with the same line misses no time, and has the new record from then on', async () => {
    const { schedules, outcome, clock, delivered } = await open(memoryDisk(), virtualClock(newYear))
    const options = { topic: reminders, key: 'k', value: 'old', cron: '*/10 * * * *' }
    await outcome(schedules.cron('s', options))
    // it is due, and nobody has looked at the clock yet
    clock.setWallClock(newYear + 600_000)
    await outcome(schedules.cron('s', { ...options, value: 'new' }))
    await clock.advance(600_000)
    expect(await delivered()).toEqual([
      ['new', newYear + 600_000],
      ['new', newYear + 1_200_000],
    ])
  })

  test.each([
    ['once', [10, 50]],
    ['each', [10, 20, 30, 40, 50]],
    ['skip', [50]],
  ] as const)('that was missed while nobody was there is made up for: %s', async (missed, minutes) => {
    const disk = memoryDisk()
    const first = await open(disk, virtualClock(newYear))
    await first.outcome(
      first.schedules.cron('s', { topic: reminders, key: 'k', value: 'x', cron: '*/10 * * * *', missed }),
    )
    await first.clock.settle()
    await first.outcome(first.weir.close())
    await first.clock.advance(45 * 60_000)
    const second = await open(disk, first.clock)
    await second.clock.advance(10 * 60_000)
    const times = (await second.delivered()).map(([, timestamp]) => (timestamp - newYear) / 60_000)
    expect(times).toEqual(minutes)
  })

  test.each([
    ['no cron line', { cron: 'every day' }, /cron is "every day"; expected five fields/],
    ['no line at all', { cron: undefined as never }, /cron is undefined; expected five fields/],
    [
      'a time in place of a line',
      { cron: '2030-01-01T00:00:00' },
      /cron is "2030-01-01T00:00:00"; expected five fields/,
    ],
    ['a line of too many fields', { cron: '* * * * * * *' }, /expected five fields/],
    [
      'a number out of range',
      { cron: '61 * * * *' },
      /cron is "61 \* \* \* \*"; expected in each field numbers within/,
    ],
    [
      'a time zone that is not known',
      { cron: '0 9 * * *', timeZone: 'Mars/Phobos' },
      /timeZone is "Mars\/Phobos"; exp/,
    ],
    ['a time that never comes', { cron: '0 0 30 2 *' }, /no time to come$/],
    ['a way of making up that is none', { cron: '0 9 * * *', missed: 'never' as 'skip' }, /missed is never/],
  ])('is refused with %s', async (_what, options, message) => {
    const { schedules, outcome } = await open()
    const schedule = { topic: reminders, key: 'k', value: 'x', ...options }
    const refused = outcome(schedules.cron('s', schedule))
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toBeInstanceOf(InvalidOption)
  })
})
