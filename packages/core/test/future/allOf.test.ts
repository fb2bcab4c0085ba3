import { describe, expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'

describe('allOf', () => {
  test('gives all values in their order, whatever the order in which they come', () => {
    const [a, b] = [new CompletableFuture<number>(), new CompletableFuture<string>()]
    const all = CompletableFuture.allOf([a, CompletableFuture.completed(true), b])
    b.complete('b')
    expect(all.isDone).toBe(false)
    a.complete(1)
    expect(all.getNow(undefined)).toEqual([1, true, 'b'])
  })

  test('of nothing, and of what is done, is done at once', () => {
    expect(CompletableFuture.allOf([]).getNow(undefined)).toEqual([])
    expect(CompletableFuture.allOf([CompletableFuture.completed(1)]).getNow(undefined)).toEqual([1])
    expect(CompletableFuture.allOf([CompletableFuture.failed('no')]).isCompletedExceptionally).toBe(true)
  })

  test('waits for all even when one fails, and fails as the first in order, not in time', () => {
    const [a, b, c] = [1, 2, 3].map(() => new CompletableFuture<number>()) as [
      CompletableFuture<number>,
      CompletableFuture<number>,
      CompletableFuture<number>,
    ]
    const all = CompletableFuture.allOf([a, b, c])
    c.completeExceptionally('c')
    b.completeExceptionally('b')
    expect(all.isDone).toBe(false)
    a.complete(1)
    expect(all.state).toEqual({ status: 'failed', error: 'b' })
  })

  test('takes promises, and one future twice', async () => {
    const one = new CompletableFuture<number>()
    const all = CompletableFuture.allOf([one, Promise.resolve('p'), one])
    one.complete(1)
    expect(await all).toEqual([1, 'p', 1])
  })
})

describe('thenCombine', () => {
  test('waits for both, and of two failures takes its own', () => {
    const [a, b] = [new CompletableFuture<number>(), new CompletableFuture<number>()]
    const sum = a.thenCombine(b, (x, y) => x + y)
    b.complete(2)
    expect(sum.isDone).toBe(false)
    a.complete(1)
    expect(sum.getNow(0)).toBe(3)
    expect(CompletableFuture.failed('a').thenCombine(CompletableFuture.failed('b'), () => 0).state).toEqual({
      status: 'failed',
      error: 'a',
    })
  })
})
