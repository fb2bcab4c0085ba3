import { InvalidOption } from '@weir/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tumbling } from '../src/index.ts'

describe('tumbling windows', () => {
  test('follow each other without gap or overlap, also before 1970', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.integer({ min: -8.64e15, max: 8.64e15 }),
        (sizeMs, timestamp) => {
          const { start, end } = tumbling(sizeMs).windowOf(timestamp)
          expect(start).toBeLessThanOrEqual(timestamp)
          expect(end).toBeGreaterThan(timestamp)
          expect(end - start).toBe(sizeMs)
          expect(Math.abs(start % sizeMs)).toBe(0)
          expect(Number.isSafeInteger(start)).toBe(true)
        },
      ),
    )
  })

  test('have the times between milliseconds in them', () => {
    expect(tumbling(1_000).windowOf(999.5)).toEqual({ start: 0, end: 1_000 })
  })

  test('have no grace unless it is given', () => {
    expect(tumbling(1_000)).toMatchObject({ kind: 'tumbling', sizeMs: 1_000, graceMs: 0 })
    expect(tumbling(1_000, { graceMs: 5 }).graceMs).toBe(5)
  })

  test.each([0, -1, 1.5, NaN, Infinity, 2 ** 53])('of %s ms are refused', (sizeMs) => {
    expect(() => tumbling(sizeMs)).toThrow(InvalidOption)
  })

  test.each([-1, NaN, Infinity])('with a grace of %s ms are refused', (graceMs) => {
    expect(() => tumbling(1_000, { graceMs })).toThrow(InvalidOption)
  })
})
