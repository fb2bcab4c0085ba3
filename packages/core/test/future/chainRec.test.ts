import { left, right } from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { chainRec } from '../../src/future/chainRec.ts'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'

const steps = 100_000
type Numbers = CompletableFuture<number>

describe('chainRec', () => {
  test('goes round a million times, whether the steps are done now or later', () => {
    expect(chainRec(0, (n) => CompletableFuture.completed(n < 1_000_000 ? left(n + 1) : right(n))).getNow(-1)).toBe(
      1_000_000,
    )
    let waiting: Numbers | undefined
    const end = chainRec(0, (n) => {
      waiting = new CompletableFuture<number>()
      return waiting.thenApply((by) => (n < steps ? left(n + by) : right(n)))
    })
    while (!end.isDone) waiting?.complete(1)
    expect(end.getNow(-1)).toBe(steps)
  })

  test('fails as the step that fails or throws, first or later', () => {
    expect(chainRec(0, () => CompletableFuture.failed('no')).state).toEqual({ status: 'failed', error: 'no' })
    const throwAt = (limit: number, source: CompletableFuture<void>): Numbers =>
      chainRec<number, number>(0, (n) => {
        if (n === limit) throw 'thrown'
        return source.thenApply(() => left(n + 1))
      })
    expect(throwAt(0, CompletableFuture.completed(undefined)).state).toEqual({ status: 'failed', error: 'thrown' })
    expect(throwAt(3, CompletableFuture.completed(undefined)).state).toEqual({ status: 'failed', error: 'thrown' })
    const later = new CompletableFuture<void>()
    const [thrown, failed] = [
      throwAt(3, later),
      chainRec(0, () => later.thenApply(() => left(0)).thenCompose(() => CompletableFuture.failed('no'))),
    ]
    later.complete()
    expect([thrown.state, failed.state]).toEqual([
      { status: 'failed', error: 'thrown' },
      { status: 'failed', error: 'no' },
    ])
  })

  test('cancelling cancels the step under way and begins no other', () => {
    const begun: Numbers[] = []
    const end = chainRec<number, number>(0, (n) => {
      const step = new CompletableFuture<number>()
      begun.push(step)
      return step.thenApply((by) => left(n + by))
    })
    begun[0]?.complete(1)
    end.cancel()
    expect(begun.map((each) => each.isCancelled)).toEqual([false, true])
  })
})
