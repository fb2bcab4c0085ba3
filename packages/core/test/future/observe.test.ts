import { expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { observe } from '../../src/future/observe.ts'

test('both outcomes are handed over, at once when they are there', () => {
  const seen: unknown[] = []
  const look = (...outcome: ReadonlyArray<unknown>): void => void seen.push(outcome)
  const later = new CompletableFuture<number>()
  observe(later, look)
  observe(CompletableFuture.completed(1), look)
  observe(CompletableFuture.failed('no'), look)
  later.complete(2)
  expect(seen).toEqual([
    [1, undefined],
    [undefined, 'no'],
    [2, undefined],
  ])
})

test('what the callback throws is an uncaught error, and does not change the future', async () => {
  const uncaught: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.once('uncaughtException', (error) => uncaught.push(error))
  try {
    const future = CompletableFuture.completed(1)
    observe(future, () => {
      throw new Error('broken')
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(uncaught).toEqual([new Error('broken')])
    expect(future.getNow(0)).toBe(1)
  } finally {
    for (const listener of listeners) process.on('uncaughtException', listener)
  }
})
