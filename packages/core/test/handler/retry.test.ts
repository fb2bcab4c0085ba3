import {
  exponential,
  type ExponentialOptions,
  handle,
  type HandlerOptions,
  InvalidOption,
  noRetry,
  Weir,
} from '@weir/core'
import { memory, seededRandom } from '@weir/testing'
import { describe, expect, test } from 'vitest'
import { orders } from './support.ts'

describe('exponential', () => {
  test('waits twice as long after each failure, up to its bound', () => {
    const { delayMs } = exponential({ delayMs: 100, delayMsMax: 350, jitter: 0 })
    expect([1, 2, 3, 4, 60].map(delayMs)).toEqual([100, 200, 350, 350, 350])
  })

  test('leaves no more to chance than its jitter says, and repeats with the same seed', () => {
    const waits = (): ReadonlyArray<number> => {
      const { delayMs } = exponential({ delayMs: 1_000, jitter: 0.5, random: seededRandom(7) })
      return Array.from({ length: 100 }, () => delayMs(1))
    }
    expect(waits()).toEqual(waits())
    expect(Math.min(...waits())).toBeGreaterThanOrEqual(500)
    expect(Math.max(...waits())).toBeLessThanOrEqual(1_000)
    expect(new Set(waits()).size).toBeGreaterThan(50)
  })

  test('refuses what makes no sense', () => {
    for (const options of [
      { attemptsMax: 0 },
      { delayMs: -1 },
      { delayMs: 10, delayMsMax: 5 },
      { jitter: 2 },
      { jitter: NaN },
      { when: true },
    ]) {
      expect(() => exponential(options as ExponentialOptions)).toThrow(InvalidOption)
    }
  })
})

describe('the options of a handler are refused before anything starts', () => {
  const wrong: ReadonlyArray<readonly [string, unknown]> = [
    ['an unknown order', { order: 'keys' }],
    ['an unknown delivery', { delivery: 'twice' }],
    ['no place', { concurrencyMax: 0 }],
    ['half a record', { pendingCountMax: 1.5 }],
    ['a negative time', { settleWithinMs: -1 }],
    ['no time for an attempt', { attemptMsMax: 0 }],
    ['a negative lag', { shed: { lagMax: -1 } }],
    ['a sample of nothing', { shed: { lagMax: 1, keepEvery: 0 } }],
    ['another onExhausted', { onExhausted: 'drop' }],
    ['nothing to hold', { onExhausted: 'hold', order: 'none' }],
    ['a hold of what is lost', { onExhausted: 'hold', delivery: 'at-most-once' }],
    ['no retry at all', { retry: {} }],
    ['no attempt', { retry: { ...noRetry, attemptsMax: 0 } }],
    ['a second attempt at what is lost', { delivery: 'at-most-once', retry: exponential() }],
    ['a key for no limit', { limitKeyOf: () => 'key' }],
    ['nobody to hear of dead letters', { onDeadLetter: 'log' }],
    ['a key that is no function', { limitKeyOf: 'key' }],
    ['a number for a limit', { limit: 5 }],
    ['a name for the dead letters', { deadLetter: 'failures' }],
    ['a name for what is expired', { expired: 'late' }],
    ['a name among the outputs', { outputs: ['results'] }],
    ['an output without a list', { outputs: orders }],
  ]
  test.each(wrong)('%s', (_, options) => {
    expect(() => handle(() => undefined, options as HandlerOptions<string, number>)).toThrow(InvalidOption)
  })

  test('a name for the dead letters of a group', async () => {
    const weir = await Weir.open(memory())
    const group = weir.topic(orders).group('shop')
    expect(() => group.job(() => undefined, { deadLetter: 'failures' as never })).toThrow(
      /deadLetter is "failures"; expected one such as topic\(/,
    )
    await weir.close()
  })

  test('text for a number, which the message shows as text', () => {
    expect(() => handle(() => undefined, { concurrencyMax: '8' as never })).toThrow(/concurrencyMax is "8"; expected/)
  })

  test('no handler', () => {
    expect(() => handle(undefined as never)).toThrow(InvalidOption)
  })
})
