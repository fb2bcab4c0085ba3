import { CompletableFuture } from '@weir/core'
import { expect, test } from 'vitest'
import { watchWorkers } from '../src/watchWorkers.ts'

/** Workers that end when they are told to. */
const workersAtWork = (end: (done: CompletableFuture<void>) => void = (done) => void done.complete(undefined)) => {
  const done = new CompletableFuture<void>()
  let stops = 0
  const stop = (): CompletableFuture<void> => {
    stops++
    end(done)
    return done
  }
  return { done, stop, stops: () => stops }
}

const never = new AbortController().signal

test('looks at workers until they are done', async () => {
  const workers = workersAtWork()
  let looks = 0
  await watchWorkers(workers, { signal: never, intervalMs: 0 }, () => {
    if (++looks === 3) workers.done.complete(undefined)
  })
  expect([looks, workers.stops()]).toEqual([3, 0])
})

test.each([
  ['end', undefined],
  ['fail', (done: CompletableFuture<void>) => void done.completeExceptionally(new Error('of the workers'))],
])('stops the workers when a look throws, and throws that once they %s', async (_, end) => {
  const workers = workersAtWork(end)
  const watching = watchWorkers(workers, { signal: never, intervalMs: 0 }, () => {
    throw new Error('of the look')
  })
  await expect(watching).rejects.toThrow('of the look')
  expect([workers.stops(), workers.done.isDone]).toEqual([1, true])
})

test('stops the workers when the signal says so, also before the first look, and throws its reason', async () => {
  const abort = new AbortController()
  const workers = workersAtWork()
  const watching = watchWorkers(workers, { signal: abort.signal, intervalMs: 0 }, () =>
    abort.abort(new Error('enough')),
  )
  await expect(watching).rejects.toThrow('enough')
  const late = workersAtWork()
  await expect(watchWorkers(late, { signal: abort.signal, intervalMs: 0 }, () => undefined)).rejects.toThrow('enough')
  expect([workers.stops(), late.stops()]).toEqual([1, 1])
})

test('throws what the workers have failed with', async () => {
  const workers = workersAtWork()
  const watching = watchWorkers(workers, { signal: never, intervalMs: 0 }, () => {
    workers.done.completeExceptionally(new Error('of the workers'))
  })
  await expect(watching).rejects.toThrow('of the workers')
})
