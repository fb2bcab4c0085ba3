import {
  bytes,
  CompletableFuture,
  EncodeFailed,
  InvalidName,
  InvalidOption,
  nullable,
  StorageFailed,
  topic,
  utf8,
  Weir,
} from '@weir/core'
import {
  type FaultPlan,
  memory,
  memoryDisk,
  on,
  providerWithFaults,
  seededRandom,
  slow,
  strike,
  virtualClock,
} from '@weir/testing'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  type Checker,
  type CheckOptions,
  type CheckReport,
  HalfMessageExists,
  halfMessages,
  HalfMessageSettled,
  InvalidAnswer,
  openSchedules,
  type TransactionState,
  UnknownHalfMessage,
} from '../src/index.ts'
import { type Place, storages } from './support/storages.ts'

const orders = topic('orders', { key: utf8, value: utf8, partitions: 2 })
const abandoned = topic('given-up', { key: nullable(bytes), value: nullable(bytes) })

const valuesIn = async (weir: Weir): Promise<string[]> => {
  if (!weir.topics().some(({ name }) => name === 'orders')) return []
  const values: string[] = []
  const records = weir.topic(orders).from('earliest').toEnd()
  await records.consume((record) => void (record._tag === 'Record' && values.push(`${record.id} ${record.value}`)))
  return values
}

describe.each(storages)('a half message on %s', (_name, place) => {
  let at: Place
  let weir: Weir
  beforeEach(async () => {
    at = place()
    weir = await Weir.open(at.provider())
  })
  afterEach(async () => {
    await weir.close()
    at.remove()
  })

  test('is seen when it is committed, and never when it is rolled back', async () => {
    const messages = halfMessages(weir)
    const one = await messages.prepare(orders, 'k', 'one', { checker: 'shop' })
    const two = await messages.prepare(orders, 'k', 'two', { checker: 'shop', headers: { a: 'b' } })
    expect(await valuesIn(weir)).toEqual([])
    expect(messages.pending().map(({ id, topic: of, checks }) => [id, of, checks])).toEqual(
      [one, two].toSorted().map((id) => [id, 'orders', 0]),
    )
    await messages.commit(two)
    await messages.rollBack(one)
    expect(await valuesIn(weir)).toEqual([`${two} two`])
    expect([messages.stateOf(one), messages.stateOf(two)]).toEqual(['rolledBack', 'committed'])
    expect(messages.pending()).toEqual([])
  })

  test('is settled once: the same again changes nothing, the other way is refused', async () => {
    const messages = halfMessages(weir)
    await messages.prepare(orders, 'k', 'one', { checker: 'shop', messageId: 'm1' })
    await Promise.all([messages.commit('m1'), messages.commit('m1')])
    await messages.commit('m1')
    await expect(messages.rollBack('m1')).rejects.toThrow(HalfMessageSettled)
    await expect(messages.commit('m2')).rejects.toThrow(UnknownHalfMessage)
    await expect(messages.prepare(orders, 'k', 'x', { checker: 'shop', messageId: 'm1' })).rejects.toThrow(
      HalfMessageExists,
    )
    expect(await valuesIn(weir)).toEqual(['m1 one'])
    expect(messages.stateOf('m2')).toBe('unknown')
  })

  test('decides for one of two that settle it at once', async () => {
    const other = await Weir.open(at.provider())
    for (let round = 0; round < 10; round++) {
      const id = await halfMessages(weir).prepare(orders, 'k', 'x', { checker: 'shop' })
      const outcomes = await Promise.allSettled([halfMessages(weir).commit(id), halfMessages(other).rollBack(id)])
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      const isThere = (await valuesIn(weir)).some((value) => value.startsWith(`${id} `))
      expect(isThere).toBe(outcomes[0].status === 'fulfilled')
    }
    await other.close()
  })

  test('follows its local transaction in send', async () => {
    const messages = halfMessages(weir)
    const send = (value: string, local: () => TransactionState | PromiseLike<TransactionState>) =>
      messages.send(orders, 'k', value, { checker: 'shop', messageId: value }, local)
    expect(await send('a', () => 'commit')).toBe('commit')
    expect(await send('b', () => Promise.resolve('rollBack' as const))).toBe('rollBack')
    expect(await send('c', () => 'unknown')).toBe('unknown')
    await expect(
      send('d', () => {
        throw new Error('connection lost')
      }),
    ).rejects.toThrow('connection lost')
    await expect(send('e', () => 'perhaps' as never)).rejects.toThrow(InvalidAnswer)
    expect(await valuesIn(weir)).toEqual(['a a'])
    expect(messages.pending().map(({ id }) => id)).toEqual(['c', 'd', 'e'])
  })

  test('is asked for by a checker when nobody has settled it', async () => {
    const other = await Weir.open(at.provider())
    await halfMessages(weir).prepare(orders, 'k', 'one', { checker: 'shop', messageId: 'm1', firstCheckMs: 0 })
    await halfMessages(weir).prepare(orders, 'k', 'two', { checker: 'shop', messageId: 'm2', firstCheckMs: 0 })
    const settled: string[] = []
    const both = new Promise<void>((resolve) => {
      const checking = halfMessages(other).check(
        'shop',
        ({ id, value }) => (utf8.decode(value!), id === 'm1' ? 'commit' : 'rollBack'),
        { onReport: (report) => void (settled.push(report.message.id) === 2 && resolve(checking.close())) },
      )
    })
    await both
    expect(await valuesIn(weir)).toEqual(['m1 one'])
    expect(halfMessages(weir).stateOf('m2')).toBe('rolledBack')
    await other.close()
  })

  test('refuses what cannot be prepared, before anything is written', async () => {
    const messages = halfMessages(weir)
    await expect(messages.prepare(orders, 'k', 'v', { checker: 'a b' })).rejects.toThrow(InvalidName)
    await expect(messages.prepare(orders, 'k', 'v', { checker: 'a', messageId: '' })).rejects.toThrow(InvalidOption)
    await expect(messages.prepare(orders, 'k', 'v', { checker: 'a', firstCheckMs: -1 })).rejects.toThrow(InvalidOption)
    await expect(messages.prepare(orders, 'k', null as never, { checker: 'a' })).rejects.toThrow(EncodeFailed)
    expect(() => messages.check('shop', () => 'unknown', { checksMax: 0 })).toThrow(InvalidOption)
    expect(() => messages.check('shop', () => 'unknown', { intervalMs: 5, intervalMsMax: 4 })).toThrow(InvalidOption)
    expect(messages.pending()).toEqual([])
  })
})

describe('a checker', () => {
  const startMs = 1_700_000_000_000
  /** Processes over one disk in virtual time, a message that waits, and who asked for it when. */
  const scene = async (count: number, faults: FaultPlan = []) => {
    const clock = virtualClock(startMs)
    const disk = memoryDisk()
    const weirs = await Promise.all(
      Array.from({ length: count }, () =>
        Weir.open(
          faults.length === 0
            ? memory({ disk, clock })
            : providerWithFaults(memory({ disk, clock }), faults, { clock }),
          { clock },
        ),
      ),
    )
    const asked: Array<{ readonly process: number; readonly afterMs: number }> = []
    const reports: CheckReport[] = []
    const check = (process: number, checker: Checker, options: CheckOptions = {}) =>
      halfMessages(weirs[process]!).check(
        'shop',
        (message) => {
          asked.push({ process, afterMs: clock.now() - startMs })
          return checker(message)
        },
        { random: seededRandom(process), onReport: (report) => void reports.push(report), ...options },
      )
    const prepared = halfMessages(weirs[0]!).prepare(orders, 'k', 'v', { checker: 'shop', messageId: 'm' })
    await clock.advance(10 * faults.length)
    await prepared
    return { clock, weirs, check, asked, reports, messages: halfMessages(weirs[0]!) }
  }
  const settled = async <A>(clock: { settle(): Promise<void> }, future: PromiseLike<A>): Promise<A> => {
    const [, value] = await Promise.all([clock.settle(), future])
    return value
  }

  test('says the first message that it gives up to the console when nobody hears of reports', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    onTestFinished(() => warn.mockRestore())
    const { clock, check } = await scene(1)
    check(0, () => 'unknown', { answerWithinMs: 100, checksMax: 2, onReport: undefined } as never)
    await clock.advance(3_600_000)
    expect(warn.mock.calls).toEqual([[expect.stringContaining("half message 'm' for topic 'orders' is rolled back")]])
  })

  test('asks in growing intervals, and gives up after checksMax: rolled back, reported and set aside', async () => {
    const { clock, weirs, check, asked, reports, messages } = await scene(1)
    check(0, () => 'unknown', { answerWithinMs: 100, random: { next: () => 0 }, abandoned, checksMax: 5 })
    await clock.advance(24 * 3_600_000)
    expect(asked.map(({ afterMs }) => Math.round(afterMs / 1_000))).toEqual([6, 12, 24, 48, 96])
    expect(reports.map(({ _tag }) => _tag)).toEqual([...new Array<string>(5).fill('Checked'), 'Abandoned'])
    expect(messages.stateOf('m')).toBe('rolledBack')
    expect(await settled(clock, valuesIn(weirs[0]!))).toEqual([])
    const given: Array<Record<string, string>> = []
    const read = weirs[0]!
      .topic(abandoned)
      .from('earliest')
      .toEnd()
      .consume((record) => void given.push({ ...record.headers }))
    await settled(clock, read)
    expect(given).toEqual([expect.objectContaining({ 'weir.topic': 'orders', 'weir.id': 'm', 'weir.attempts': '5' })])
  })

  test.each([
    ['value', { key: 'k', value: 'v'.repeat(1_000) }, { recordBytesMax: 500 }, ['value']],
    [
      'value and headers',
      { key: 'k', value: 'v'.repeat(1_000), headers: { a: 'x'.repeat(1_000) } },
      { recordBytesMax: 700 },
      ['value', 'headers'],
    ],
    [
      'value, headers and key',
      { key: 'k'.repeat(1_000), value: 'v' },
      { recordBytesMax: 700 },
      ['value', 'headers', 'key'],
    ],
    ['record', { key: 'k', value: 'v' }, { recordBytesMax: 50 }, ['record']],
  ])(
    'gives up a message whose %s has no room among those that were given up, and goes on',
    async (_, record, bound, leftOut) => {
      const { clock, weirs, check, reports, messages } = await scene(1)
      const { key, value, ...options } = { headers: {}, ...record }
      await settled(clock, messages.prepare(orders, key, value, { checker: 'shop', messageId: 'big', ...options }))
      const small = topic('small', { key: nullable(bytes), value: nullable(bytes), ...bound })
      const checking = check(0, ({ id }) => (id === 'big' ? 'unknown' : 'commit'), { abandoned: small, checksMax: 1 })
      await clock.advance(3_600_000)
      expect([messages.stateOf('big'), messages.stateOf('m')]).toEqual(['rolledBack', 'committed'])
      expect(reports).toContainEqual(expect.objectContaining({ _tag: 'Abandoned', leftOut }))
      expect(checking.counts()).toMatchObject({ committed: 1, unknown: 1, abandoned: 1, cut: 1 })
      const kept: Array<{ readonly key: unknown; readonly value: unknown; readonly cause: string | undefined }> = []
      const read = weirs[0]!
        .topic(small)
        .from('earliest')
        .toEnd()
        .consume((each) => void (each._tag === 'Record' && kept.push({ ...each, cause: each.headers['weir.cause'] })))
      await settled(clock, read)
      expect(kept).toHaveLength(leftOut[0] === 'record' ? 0 : 1)
      for (const { value: keptValue, key: keptKey, cause } of kept) {
        expect(keptValue).toBe(null)
        expect(keptKey === null).toBe(leftOut.includes('key'))
        expect(cause).toContain(`left out: ${leftOut.join(', ')} (topic 'small': a record has`)
      }
    },
  )

  test('is heard when it fails and nobody has asked', async () => {
    const { clock, weirs, check } = await scene(1)
    check(0, () => 'unknown')
    ;(weirs[0]!.storage as unknown as { crash(): void }).crash()
    await expect(clock.advance(60_000)).rejects.toThrow(StorageFailed)
  })

  test('asks 15 times by default, and waits 10 minutes at most', async () => {
    const { clock, check, asked, messages } = await scene(1)
    check(0, () => 'unknown')
    await clock.advance(48 * 3_600_000)
    expect(asked).toHaveLength(15)
    const waits = asked.slice(1).map(({ afterMs }, index) => afterMs - asked[index]!.afterMs)
    expect(Math.max(...waits)).toBeLessThanOrEqual(720_000)
    expect(waits.at(-1)).toBeGreaterThanOrEqual(600_000)
    expect(messages.stateOf('m')).toBe('rolledBack')
  })

  test('is asked by one process at a time', async () => {
    // claims take a while, so that all three find the message due before the first of them is there
    const { clock, check, asked, messages } = await scene(3, [strike(on('commit'), slow(1))])
    for (const process of [0, 1, 2]) check(process, () => 'unknown', { checksMax: 4 })
    await clock.advance(24 * 3_600_000)
    expect(asked).toHaveLength(4)
    expect(messages.stateOf('m')).toBe('rolledBack')
  })

  test('is taken over by another process when the one that asks is gone', async () => {
    const { clock, weirs, check, asked } = await scene(2)
    const lost = check(0, () => new Promise<never>(() => undefined)).ended
    await clock.advance(7_000)
    ;(weirs[0]!.storage as unknown as { crash(): void }).crash()
    check(1, () => 'commit')
    await clock.advance(60_000)
    expect(asked.map(({ process }) => process)).toEqual([0, 1])
    expect(halfMessages(weirs[1]!).stateOf('m')).toBe('committed')
    await expect(lost).rejects.toThrow(StorageFailed)
  })

  test('that throws, answers nonsense or never, has said unknown', async () => {
    const { clock, check, reports, messages } = await scene(1)
    const answers: Array<() => unknown> = [
      () => {
        throw new Error('database away')
      },
      () => undefined,
      () => Promise.reject(new Error('later')),
      () => new Promise(() => undefined),
      () => 'commit',
    ]
    check(0, () => answers.shift()!() as never)
    await clock.advance(24 * 3_600_000)
    expect(
      reports.map((report) => (report._tag === 'CheckFailed' ? (report.error as Error).name : report._tag)),
    ).toEqual(['Error', 'InvalidAnswer', 'Error', 'TimedOut', 'Checked'])
    expect(messages.stateOf('m')).toBe('committed')
  })

  test('that contradicts what was settled meanwhile changes nothing, and is reported', async () => {
    const { clock, check, reports, messages } = await scene(1)
    check(0, () => messages.commit('m').thenApply(() => 'rollBack' as const))
    await clock.advance(20_000)
    expect(messages.stateOf('m')).toBe('committed')
    expect(reports).toEqual([
      expect.objectContaining({ _tag: 'Contradicted', answer: 'rollBack', settled: 'committed' }),
    ])
  })

  test('is not asked for what others are asked for, nor after it was closed', async () => {
    const { clock, weirs, check, asked } = await scene(1)
    const prepared = halfMessages(weirs[0]!).prepare(orders, 'k', 'v', { checker: 'bank', messageId: 'b' })
    await settled(clock, prepared)
    const checking = check(0, () => 'unknown')
    await clock.advance(7_000)
    await settled(clock, checking.close())
    await clock.advance(24 * 3_600_000)
    expect(asked).toHaveLength(1)
    expect(
      halfMessages(weirs[0]!)
        .pending()
        .map(({ id }) => id),
    ).toEqual(['b', 'm'])
  })

  test('sees the record of a message for later, which comes at its time and not before', async () => {
    const { clock, weirs, messages } = await scene(1)
    const options = { checker: 'later', deliverAtMs: startMs + 60_000, headers: { a: 'b' } }
    const prepared = Promise.all([
      messages.prepare(orders, 'k', 'one', { ...options, messageId: 'd1' }),
      messages.prepare(orders, 'k', 'two', { ...options, messageId: 'd2' }),
      messages.prepare(orders, 'k', 'late', { ...options, messageId: 'd3', deliverAtMs: startMs - 1 }),
    ])
    const schedules = openSchedules(weirs[0]!)
    await settled(clock, prepared)
    const seen: unknown[] = []
    const checking = messages.check('later', ({ id, value, headers, deliverAtMs }) => {
      seen.push([id, Buffer.from(value!).toString(), { ...headers }, deliverAtMs! - startMs])
      return id === 'd2' ? 'rollBack' : 'commit'
    })
    await clock.advance(50_000)
    expect(seen).toEqual([
      ['d1', 'one', { a: 'b' }, 60_000],
      ['d2', 'two', { a: 'b' }, 60_000],
      ['d3', 'late', { a: 'b' }, -1],
    ])
    expect(await settled(clock, valuesIn(weirs[0]!))).toEqual(['d3 late'])
    await clock.advance(11_000)
    expect(await settled(clock, valuesIn(weirs[0]!))).toEqual(['d3 late', 'd1 one'])
    await settled(clock, checking.close())
    await settled(clock, schedules)
  })

  test('ends with its Weir, also while it is asked', async () => {
    const { clock, weirs, check, reports } = await scene(1)
    const answer = new CompletableFuture<'commit'>()
    const checking = check(0, () => answer)
    await clock.advance(7_000)
    const closed = weirs[0]!.close()
    answer.complete('commit')
    await settled(clock, closed)
    await settled(clock, checking.ended)
    expect(reports.length).toBeLessThanOrEqual(1)
  })

  test('forgets how a message ended after a week', async () => {
    const { clock, messages } = await scene(1)
    await settled(clock, messages.commit('m'))
    await clock.advance(8 * 24 * 3_600_000)
    expect(messages.stateOf('m')).toBe('committed')
    await settled(clock, messages.prepare(orders, 'k', 'v', { checker: 'shop', messageId: 'n' }))
    await settled(clock, messages.rollBack('n'))
    expect([messages.stateOf('m'), messages.stateOf('n')]).toEqual(['unknown', 'rolledBack'])
  })
})
