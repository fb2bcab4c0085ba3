import { left, right } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import { fromTaskEither, toTaskEither } from '../../src/future/taskEither.ts'
import { order, script, Stage } from './support/scripts.ts'

describe('toTaskEither', () => {
  test('gives the same outcome at every run, the failure as the function makes it', async () => {
    const good = toTaskEither(CompletableFuture.completed(1))
    expect([await good(), await good()]).toEqual([right(1), right(1)])
    expect(await toTaskEither(CompletableFuture.failed('no'))()).toEqual(left('no'))
    expect(await toTaskEither(CompletableFuture.failed('no'), (error) => [error])()).toEqual(left(['no']))
    expect(
      await pipe(
        CompletableFuture.completed(1),
        toTaskEither,
        TE.map((n) => n + 1),
      )(),
    ).toEqual(right(2))
  })
})

describe('fromTaskEither', () => {
  test('runs the task once; left, throwing and rejecting are failures', async () => {
    let runs = 0
    const future = fromTaskEither(async () => right((runs += 1)))
    expect([await future, await future, runs]).toEqual([1, 1, 1])
    await expect(fromTaskEither(TE.left('no'))).rejects.toBe('no')
    await expect(fromTaskEither(() => Promise.reject('rejected'))).rejects.toBe('rejected')
  })

  test('there and back again is the same future', () =>
    fc.assert(
      fc.asyncProperty(script, order, async (plan, choices) => {
        const stage = new Stage()
        const future = stage.play(plan)
        const back = fromTaskEither(toTaskEither(future))
        stage.finish(choices)
        await back.handle(() => undefined)
        expect(back.state).toEqual(future.state)
      }),
    ))
})
