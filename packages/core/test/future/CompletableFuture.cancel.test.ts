import { describe, expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { Cancelled } from '../../src/model/errors.ts'

/** Work that counts how often it was stopped. */
const work = () => {
  const stops: boolean[] = []
  const future = CompletableFuture.cancellable<number>((self) => () => void stops.push(self.isCancelled))
  return { future, stops }
}

describe('cancelling', () => {
  test('fails with Cancelled, which dependants see, and recover from', () => {
    const source = new CompletableFuture<number>()
    const dependant = source.thenApply((n) => n)
    const recovered = source.exceptionally((error) => error instanceof Cancelled)
    expect(source.cancel()).toBe(true)
    expect([source.isCancelled, dependant.isCancelled, recovered.getNow(false)]).toEqual([true, true, true])
  })

  test('stops the work once, after the future has failed', () => {
    const { future, stops } = work()
    future.cancel()
    future.cancel()
    expect(stops).toEqual([true])
  })

  test('does not stop work that is done', () => {
    const { future, stops } = work()
    future.complete(1)
    expect([future.cancel(), stops]).toEqual([false, []])
  })

  test('a start that throws fails the future; one that is cancelled while it starts is stopped; one may have nothing to stop', () => {
    const no = new Error('no')
    const broken = CompletableFuture.cancellable(() => {
      throw no
    })
    expect(broken.state).toEqual({ status: 'failed', error: no })
    let stopped = 0
    CompletableFuture.cancellable((self) => {
      self.cancel()
      return () => void (stopped += 1)
    })
    expect(stopped).toBe(1)
    expect(CompletableFuture.cancellable<number>((self) => void self.complete(1)).getNow(0)).toBe(1)
  })

  test('goes up to the source through every kind of dependant', () => {
    const paths: ReadonlyArray<(source: CompletableFuture<number>) => CompletableFuture<unknown>> = [
      (source) => source.thenApply((n) => n).thenAccept(() => {}),
      (source) => source.thenRun(() => {}).handle(() => {}),
      (source) => source.whenComplete(() => {}).exceptionally(() => 0),
      (source) => source.thenCompose((n) => CompletableFuture.completed(n)),
      (source) => source.exceptionallyCompose(() => CompletableFuture.completed(0)),
      (source) => CompletableFuture.completed(0).thenCompose(() => source),
      (source) => CompletableFuture.failed(0).exceptionallyCompose(() => source),
      (source) => CompletableFuture.supply(() => source).thenApply((n) => n),
      (source) => source.thenCombine(new CompletableFuture(), () => 0),
      (source) => CompletableFuture.completed(0).thenCombine(source, () => 0),
      (source) => CompletableFuture.allOf([CompletableFuture.completed(0), source, new CompletableFuture()]),
      (source) => CompletableFuture.anyOf<unknown>([new CompletableFuture(), source]),
    ]
    for (const [index, path] of paths.entries()) {
      const { future, stops } = work()
      const end = path(future)
      expect(end.cancel()).toBe(true)
      expect([index, end.isCancelled, future.isCancelled, stops]).toEqual([index, true, true, [true]])
    }
  })

  test('reaches the inner future of a thenCompose that is under way', () => {
    const outer = new CompletableFuture<number>()
    const { future, stops } = work()
    const composed = outer.thenCompose(() => future)
    outer.complete(1)
    composed.cancel()
    expect([outer.isCancelled, stops]).toEqual([false, [true]])
  })

  test('spares a source that something else waits for, until the last one is gone', () => {
    const { future, stops } = work()
    const [a, b] = [future.thenApply((n) => n), future.whenComplete(() => {})]
    const c = future.thenRun(() => {})
    b.cancel()
    a.cancel()
    expect([a.isCancelled, b.isCancelled, future.isDone, stops]).toEqual([true, true, false, []])
    c.cancel()
    expect([future.isCancelled, stops]).toEqual([true, [true]])
  })

  test('a Promise waits to the end', async () => {
    const { future, stops } = work()
    const awaited = future.then((n) => n)
    future.thenApply((n) => n).cancel()
    expect(stops).toEqual([])
    future.complete(3)
    expect(await awaited).toBe(3)
  })

  test('a dependant that somebody completed does not count, and does not cancel', () => {
    const { future, stops } = work()
    const [done, cancelled] = [future.thenApply((n) => n), future.thenApply((n) => n)]
    done.complete(1)
    expect(stops).toEqual([])
    cancelled.cancel()
    expect(stops).toEqual([true])
  })

  test('a shield keeps it from the source, in both directions', () => {
    const { future, stops } = work()
    const shield = future.shield()
    const behind = shield.thenApply((n) => n + 1)
    const beside = future.thenApply((n) => n)
    beside.cancel()
    expect([future.isDone, stops]).toEqual([false, []])
    behind.cancel()
    expect([shield.isCancelled, future.isDone, stops]).toEqual([true, false, []])
    future.thenApply((n) => n).cancel()
    expect(stops).toEqual([true])
  })

  test('a shield gives the outcome', () => {
    const source = new CompletableFuture<number>()
    const shield = source.shield()
    source.complete(1)
    expect(shield.getNow(0)).toBe(1)
    expect(source.shield()).toBe(source)
  })

  test('from inside a callback spares what has its turn already', () => {
    const source = new CompletableFuture<number>()
    const seen: string[] = []
    source.thenRun(() => void second.cancel())
    const second = source.thenRun(() => void seen.push('second'))
    source.thenRun(() => void seen.push('third'))
    source.complete(1)
    expect([second.isCancelled, source.getNow(0), seen]).toEqual([true, 1, ['third']])
  })
})
