import { describe, expect, test } from 'vitest'
import { Ending } from '../../src/future/Ending.ts'

/** An ending, and its timer by hand. */
const scene = () => {
  const timers: Array<{ readonly delayMs: number; readonly action: () => void }> = []
  const ending = new Ending({ after: (delayMs, action) => (timers.push({ delayMs, action }), () => undefined) })
  return { ending, timers }
}

describe('an ending', () => {
  test('throws a failure that nobody has asked for within a second', () => {
    const { ending, timers } = scene()
    ending.fail(new Error('lost'))
    expect(timers.map(({ delayMs }) => delayMs)).toEqual([1_000])
    expect(timers[0]!.action).toThrow('lost')
  })

  test('leaves a failure to whoever has asked, before or within that second', async () => {
    for (const isBefore of [true, false]) {
      const { ending, timers } = scene()
      const before = isBefore ? ending.watch() : undefined
      ending.fail(new Error('lost'))
      await expect(before ?? ending.watch()).rejects.toThrow('lost')
      for (const { action } of timers) action()
    }
  })

  test('does not take tidying up for asking', async () => {
    const { ending, timers } = scene()
    const reached = ending.reached()
    ending.fail(new Error('lost'))
    await reached
    expect(timers[0]!.action).toThrow('lost')
  })

  test('comes once, and is not undone by who cancels the waiting', async () => {
    const { ending, timers } = scene()
    ending.watch().cancel()
    ending.complete()
    ending.fail(new Error('too late'))
    await ending.watch()
    expect(timers).toEqual([])
  })
})
