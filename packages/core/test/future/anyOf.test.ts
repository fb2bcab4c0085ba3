import { describe, expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { InvalidOption } from '../../src/model/errors.ts'

describe('anyOf', () => {
  test('is done as the first one is, good or bad; the others go on', () => {
    for (const end of ['complete', 'completeExceptionally'] as const) {
      const [a, b] = [new CompletableFuture<number>(), new CompletableFuture<number>()]
      const any = CompletableFuture.anyOf([a, b])
      b[end](2)
      expect([any.isDone, any.isCompletedExceptionally, a.isDone]).toEqual([true, end !== 'complete', false])
      a.complete(1)
      expect(any.handle((value, error) => value ?? error).getNow(0)).toBe(2)
    }
  })

  test('of several that are done takes the first in order', () => {
    const done = [
      new CompletableFuture<number>(),
      CompletableFuture.completed(2),
      CompletableFuture.failed<number>('no'),
    ]
    expect(CompletableFuture.anyOf(done).getNow(0)).toBe(2)
  })

  test('refuses to wait for nothing', () => {
    expect(() => CompletableFuture.anyOf([])).toThrow(InvalidOption)
  })

  test('leaves nothing behind on a future that goes on: the next one to lose interest is the last', () => {
    const long = new CompletableFuture<number>()
    for (let round = 0; round < 3; round += 1) {
      const short = new CompletableFuture<number>()
      const any = CompletableFuture.anyOf([long, short])
      short.complete(round)
      expect([any.getNow(-1), long.isDone]).toEqual([round, false])
      expect(CompletableFuture.anyOf([long, short, long]).getNow(-1)).toBe(round)
    }
    long.thenApply((n) => n).cancel()
    expect(long.isCancelled).toBe(true)
  })
})
