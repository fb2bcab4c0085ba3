import { describe, expect, test, vi } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { systemTimer } from '../../src/future/systemTimer.ts'
import { InvalidOption, TimedOut } from '../../src/model/errors.ts'
import { manualTimer } from './support/manualTimer.ts'

describe('orTimeout', () => {
  test('fails with TimedOut when the limit is over, not before, and stops the work', () => {
    const timer = manualTimer()
    let stops = 0
    const work = CompletableFuture.cancellable<number>(() => () => void (stops += 1))
    const limited = work.thenApply((n) => n).orTimeout(2_000, timer)
    timer.advance(1_999)
    expect(limited.isDone).toBe(false)
    timer.advance(1)
    expect(limited.exceptionally((error) => error).getNow(0)).toBeInstanceOf(TimedOut)
    expect([limited.isCancelled, work.isCancelled, stops, timer.waiting]).toEqual([false, true, 1, 0])
  })

  test('spares work that something else waits for', () => {
    const timer = manualTimer()
    const work = new CompletableFuture<number>()
    const other = work.thenApply((n) => n)
    const limited = work.orTimeout(5, timer)
    timer.advance(5)
    work.complete(1)
    expect([limited.isCompletedExceptionally, other.getNow(0)]).toEqual([true, 1])
  })

  test('passes either outcome on, and leaves no timer behind, however it ends', () => {
    const timer = manualTimer()
    const ends: ReadonlyArray<(source: CompletableFuture<number>, limited: CompletableFuture<number>) => unknown> = [
      (source) => source.complete(1),
      (source) => source.completeExceptionally('no'),
      (source) => source.cancel(),
      (_, limited) => limited.complete(2),
      (_, limited) => limited.cancel(),
      (_, limited) => limited.thenApply((n) => n).cancel(),
    ]
    for (const end of ends) {
      const source = new CompletableFuture<number>()
      const limited = source.orTimeout(5, timer)
      expect(timer.waiting).toBe(1)
      end(source, limited)
      expect([limited.isDone, timer.waiting]).toEqual([true, 0])
    }
    const source = new CompletableFuture<number>()
    const limited = source.orTimeout(5, timer)
    source.complete(1)
    timer.advance(9)
    expect(limited.getNow(0)).toBe(1)
  })

  test('starts no timer for what is done', () => {
    const timer = manualTimer()
    expect(CompletableFuture.completed(1).orTimeout(5, timer).getNow(0)).toBe(1)
    expect(CompletableFuture.failed(1).completeOnTimeout(2, 5, timer).isCompletedExceptionally).toBe(true)
    expect(timer.waiting).toBe(0)
  })

  test('bears a timer that acts at once', () => {
    let stops = 0
    const limited = new CompletableFuture<number>().orTimeout(0, {
      after: (_, action) => {
        action()
        return () => void (stops += 1)
      },
    })
    expect([limited.isCompletedExceptionally, stops]).toEqual([true, 1])
  })

  test.for([-1, Number.NaN])('refuses a limit of %s ms', (limitMs) => {
    expect(() => new CompletableFuture().orTimeout(limitMs)).toThrow(InvalidOption)
    expect(() => new CompletableFuture().completeOnTimeout(0, limitMs)).toThrow(InvalidOption)
  })
})

describe('completeOnTimeout', () => {
  test('gives the value when the limit is over, and cancels the work', () => {
    const timer = manualTimer()
    const work = new CompletableFuture<number>()
    const limited = work.completeOnTimeout('late', 10, timer)
    timer.advance(10)
    expect([limited.getNow(0), work.isCancelled, timer.waiting]).toEqual(['late', true, 0])
  })

  test('gives the outcome when that comes first', () => {
    const timer = manualTimer()
    const work = new CompletableFuture<number>()
    const limited = work.completeOnTimeout('late', 10, timer)
    work.complete(1)
    timer.advance(10)
    expect([limited.getNow(0), timer.waiting]).toEqual([1, 0])
  })
})

describe('the system timer', () => {
  test('is what limits use when none is given; a limit beyond 2^31 ms is reached in steps', () => {
    vi.useFakeTimers()
    try {
      const limited = new CompletableFuture().orTimeout(2_000)
      vi.advanceTimersByTime(2_000)
      expect(limited.isCompletedExceptionally).toBe(true)
      const dayMs = 86_400_000
      const far = new CompletableFuture().orTimeout(60 * dayMs)
      vi.advanceTimersByTime(60 * dayMs - 1)
      expect(far.isDone).toBe(false)
      vi.advanceTimersByTime(1)
      expect(far.isDone).toBe(true)
      systemTimer.after(5, () => expect.unreachable())()
      const cancelledInStep = systemTimer.after(60 * dayMs, () => expect.unreachable())
      vi.advanceTimersByTime(30 * dayMs)
      cancelledInStep()
      vi.advanceTimersByTime(60 * dayMs)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})
