import { expect, test } from 'vitest'
import type { RowReader } from '../../src/ports/Storage.ts'
import { Progress } from '../../src/runtime/Progress.ts'

const where = { job: 'j', input: 'in', partition: 0 }

/** The progress of a task over two sources, from its row on. */
const progressFrom = (row?: Uint8Array): Progress => {
  const rows: RowReader = { get: () => row, range: () => [] }
  return new Progress(rows, where, 2, 0)
}

/** Two sources of which one was silent for so long that it held the other back no longer. */
const pastSilence = (): Progress => {
  const progress = progressFrom()
  progress.observe(0, 500)
  progress.observe(1, 10)
  progress.settle()
  progress.setIdle(1, true)
  progress.settle()
  return progress
}

test('event time is where the source is that has come least far', () => {
  const progress = progressFrom()
  progress.observe(0, 500)
  progress.settle()
  expect(progress.watermark).toBe(-Infinity)
  progress.observe(1, 10)
  progress.settle()
  expect(progress.watermark).toBe(10)
})

test('event time does not go back when a source that was passed over comes again', () => {
  const progress = pastSilence()
  expect(progress.watermark).toBe(500)
  progress.setIdle(1, false)
  progress.observe(1, 20)
  progress.settle()
  expect([progress.watermark, progress.of(1)]).toEqual([500, 20])
})

test('nor does it in the next run, which does not know yet which source is silent', () => {
  const next = progressFrom(pastSilence().save())
  expect([next.watermark, next.of(0), next.of(1)]).toEqual([500, 500, 10])
})
