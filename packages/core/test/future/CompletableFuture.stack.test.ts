import { describe, expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'

const steps = 100_000
type Numbers = CompletableFuture<number>

describe('constant stack', () => {
  test('a chain of 100 000 dependants of every kind completes, fails and is cancelled', () => {
    const chain = (source: Numbers): Numbers => {
      let end = source
      for (let i = 0; i < steps / 5; i += 1) {
        end = end
          .thenApply((n) => n + 1)
          .thenCompose((n) => CompletableFuture.completed(n))
          .whenComplete(() => {})
          .handle((n, error) => (error === undefined ? n : -1))
          .exceptionally(() => -1)
      }
      return end
    }
    const [completed, failed, cancelled] = [
      new CompletableFuture<number>(),
      new CompletableFuture<number>(),
      new CompletableFuture<number>(),
    ]
    const [end, failedEnd, cancelledEnd] = [chain(completed), chain(failed), chain(cancelled)]
    completed.complete(0)
    failed.completeExceptionally('no')
    cancelledEnd.cancel()
    expect([end.getNow(0), failedEnd.getNow(0), cancelled.isCancelled]).toEqual([steps / 5, steps / 5 - 2, true])
  })

  test('a recursion through thenCompose over a million futures that are done is itself done when it returns', () => {
    const countDown = (n: number): Numbers =>
      n === 0 ? CompletableFuture.completed(0) : CompletableFuture.completed(n - 1).thenCompose(countDown)
    expect(countDown(1_000_000).getNow(-1)).toBe(0)
  })

  test('a recursion whose steps complete other futures on their way', () => {
    const countDown = (n: number): Numbers => {
      const signal = new CompletableFuture<void>()
      signal.thenRun(() => {})
      signal.complete()
      return n === 0 ? CompletableFuture.completed(0) : CompletableFuture.completed(n - 1).thenCompose(countDown)
    }
    expect(countDown(steps).getNow(-1)).toBe(0)
  })

  test('a recursion through exceptionallyCompose, as of a retry', () => {
    const retry = (n: number): Numbers =>
      n === 0
        ? CompletableFuture.completed(7)
        : CompletableFuture.failed<number>('no').exceptionallyCompose(() => retry(n - 1))
    expect(retry(steps).getNow(-1)).toBe(7)
  })

  test('a recursion through thenCompose over futures that are done later', () => {
    const waiting: Numbers[] = []
    const countDown = (n: number): Numbers => {
      if (n === 0) return CompletableFuture.completed(0)
      const later = new CompletableFuture<number>()
      waiting.push(later)
      return later.thenCompose(countDown)
    }
    const end = countDown(steps)
    for (let n = steps - 1; waiting.length > 0; n -= 1) waiting.pop()?.complete(n)
    expect(end.getNow(-1)).toBe(0)
  })

  test('futures that complete one another', () => {
    const futures = Array.from({ length: steps }, () => new CompletableFuture<number>())
    futures.forEach((each, index) => each.thenAccept((n) => futures[index + 1]?.complete(n + 1)))
    futures[0]?.complete(0)
    expect(futures.at(-1)?.getNow(-1)).toBe(steps - 1)
  })

  test('a left-nested thenCompose of 100 000 steps', () => {
    const source = new CompletableFuture<number>()
    let end: Numbers = source
    for (let i = 0; i < steps; i += 1) end = end.thenCompose((n) => CompletableFuture.completed(n + 1))
    source.complete(0)
    expect(end.getNow(-1)).toBe(steps)
  })
})
