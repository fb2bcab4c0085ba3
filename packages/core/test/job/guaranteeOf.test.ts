import { expect, test } from 'vitest'
import { type Delivery, guaranteeOf, handle, job, topic, utf8 } from '../../src/index.ts'
import { weakest } from '../../src/job/guaranteeOf.ts'
import type { Operator } from '../../src/job/Operator.ts'
import { custom } from '../support/operators.ts'

const lines = topic('lines', { key: utf8, value: utf8 })
const writing: Operator<string, string, string, string> = { ...custom<string, string>(() => undefined), sink: true }

test('a job that stays inside of Weir is exactly once', () => {
  expect(guaranteeOf(job('copy').from(lines).pipe(writing))).toBe('exactly-once')
})

test.each<Delivery>(['exactly-once', 'at-least-once', 'at-most-once'])(
  'a handler has the one it chose: %s',
  (delivery) => {
    expect(
      guaranteeOf(
        job('handle')
          .from(lines)
          .pipe(handle(() => undefined, { delivery })),
      ),
    ).toBe(delivery)
  },
)

test('a job is not called exactly once when any of its sinks is weaker', () => {
  expect(weakest([undefined, 'exactly-once', 'at-least-once'])).toBe('at-least-once')
  expect(weakest(['at-most-once', undefined])).toBe('at-most-once')
  expect(weakest(['at-most-once', 'exactly-once', 'at-least-once'])).toBe('none')
  expect(weakest([])).toBe('exactly-once')
})
