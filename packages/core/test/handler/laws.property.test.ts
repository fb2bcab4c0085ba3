import {
  arbitraryKey,
  arbitraryRecords,
  inputTo,
  isBatchInvariant,
  isExactlyOnce,
  isOptionInvariant,
  type LawOptions,
} from '@weir/testing'
import {
  bytes,
  exponential,
  handle,
  type Handler,
  type HandlerOptions,
  int32,
  job,
  nullable,
  topic,
  utf8,
} from '@weir/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deadLetters as plainDeadLetters, drive, orders as plainOrders } from './support.ts'

const orders = topic('orders', { key: utf8, value: int32, partitions: 2 })
const results = topic('results', { key: utf8, value: int32, partitions: 2 })
const deadLetters = topic('dead', { key: nullable(bytes), value: nullable(bytes) })
const retry = exponential({ attemptsMax: 3, delayMs: 1, jitter: 0 })
const input = inputTo(orders, arbitraryRecords({ key: arbitraryKey(4), value: fc.integer({ min: 0, max: 40 }) }))

const after = async (turns: number): Promise<void> => {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve()
}

/** Takes its time, fails at first or always, sends, and marks ids: all of it by the record alone. */
const moody: Handler<string, number> = async (value, context) => {
  await after(value % 7)
  const { key, timestamp } = context.record
  if (value % 4 > context.attempt - 1 && value % 4 !== 0) throw new Error(`not at attempt ${context.attempt}`)
  context.send(results, key, value, { timestamp })
  if (value % 5 === 0 && (await context.once(`${key}-${value % 10}`))) {
    context.send(results, `first ${key}`, value % 10, { timestamp: 0 })
  }
  await context.recordAndCheck(`r-${key}-${value % 3}`, () => after(value % 3).then(() => value % 3))
}

const jobOf = (options: HandlerOptions<string, number>): ReturnType<typeof job> =>
  job('shop')
    .from(orders)
    .pipe(handle(moody, { deadLetter: deadLetters, outputs: [results], retry, ...options }))

const testLaws = async (options: HandlerOptions<string, number>, order: NonNullable<LawOptions['order']>) => {
  const [law, how] = [jobOf(options), { inputs: [input], order }]
  await fc.assert(isExactlyOnce(law, how), { numRuns: 8 })
  await fc.assert(isBatchInvariant(law, how), { numRuns: 5 })
  await fc.assert(isOptionInvariant(law, how), { numRuns: 5 })
}

describe('what a handler sends appears exactly once, whatever crashes, in any batches, and under any options', () => {
  test.each([
    ['by key', { order: 'key' }],
    ['by key, with holes at once', { order: 'key', settleWithinMs: 0 }],
    ['by partition', { order: 'partition' }],
    ['a few at once', { order: 'key', concurrencyMax: 2, pendingCountMax: 3 }],
  ] as const)('%s', (_, options) => testLaws(options, 'byKey'))

  test('without an order', () => testLaws({ order: 'none' }, 'unordered'))
})

describe('by key, with retries', () => {
  test('records of a key are handled in order, one after the other, and none is lost', async () => {
    const records = fc.array(
      fc.record({
        key: fc.constantFrom('a', 'b', 'c'),
        failures: fc.integer({ min: 0, max: 4 }),
        turns: fc.integer({ min: 0, max: 3 }),
      }),
      { maxLength: 20 },
    )
    await fc.assert(
      fc.asyncProperty(records, fc.integer({ min: 1, max: 8 }), fc.boolean(), async (all, concurrencyMax, crashes) => {
        const done: number[] = []
        const underWay = new Set<string>()
        const driver = await drive(
          async (value, { attempt, record: { key } }) => {
            expect(underWay.has(key)).toBe(false)
            underWay.add(key)
            const { failures, turns } = all[value]!
            await after(turns)
            underWay.delete(key)
            if (attempt <= failures) throw new Error('not yet')
            done.push(value)
          },
          { retry, concurrencyMax },
        )
        await driver.send(
          plainOrders,
          all.map(({ key }, value) => ({ key, value })),
        )
        if (crashes) {
          driver.crash()
          underWay.clear()
          await driver.restart()
        }
        await driver.advance(5_000)
        for (const name of ['a', 'b', 'c']) {
          const of = (value: number): boolean => all[value]!.key === name
          const expected = all.flatMap(({ key, failures }, value) => (key === name && failures < 3 ? [value] : []))
          expect(done.filter(of)).toEqual(expected)
        }
        const dead = await driver.output(plainDeadLetters)
        expect(dead.length + done.length).toBe(all.length)
        await driver.close()
      }),
      { numRuns: 50 },
    )
  })
})
