import type { Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { Monad1 } from 'fp-ts/lib/Monad.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { expectTypeOf, test } from 'vitest'
import { chainRec } from '../../src/future/chainRec.ts'
import { CompletableFuture, type Failure } from '../../src/future/CompletableFuture.ts'
import * as future from '../../src/future/monad.ts'
import { fromTaskEither, toTaskEither } from '../../src/future/taskEither.ts'
import type { Timer } from '../../src/future/Timer.ts'
import type { Clock } from '../../src/ports/Clock.ts'

declare const numbers: CompletableFuture<number>
declare const texts: CompletableFuture<string>

test('values are inferred from end to end', () => {
  expectTypeOf(CompletableFuture.completed(1)).toEqualTypeOf<CompletableFuture<number>>()
  expectTypeOf(CompletableFuture.supply(async () => 'a')).toEqualTypeOf<CompletableFuture<string>>()
  expectTypeOf(CompletableFuture.supply(() => numbers)).toEqualTypeOf<CompletableFuture<number>>()
  expectTypeOf(CompletableFuture.from(Promise.resolve(1))).toEqualTypeOf<CompletableFuture<number>>()
  expectTypeOf(numbers.thenApply(String)).toEqualTypeOf<CompletableFuture<string>>()
  expectTypeOf(numbers.thenCompose(() => texts)).toEqualTypeOf<CompletableFuture<string>>()
  expectTypeOf(numbers.thenCompose(async () => 'a')).toEqualTypeOf<CompletableFuture<string>>()
  expectTypeOf(numbers.thenCombine(texts, (n, text) => [n, text] as const)).toEqualTypeOf<
    CompletableFuture<readonly [number, string]>
  >()
  expectTypeOf(numbers.thenAccept((n) => n)).toEqualTypeOf<CompletableFuture<void>>()
  expectTypeOf(numbers.getNow(null)).toEqualTypeOf<number | null>()
  expectTypeOf(numbers.exceptionally(() => 'a')).toEqualTypeOf<CompletableFuture<number | string>>()
  expectTypeOf(numbers.exceptionallyCompose(() => texts)).toEqualTypeOf<CompletableFuture<number | string>>()
  expectTypeOf(numbers.completeOnTimeout(null, 1)).toEqualTypeOf<CompletableFuture<number | null>>()
  expectTypeOf<Awaited<typeof numbers>>().toEqualTypeOf<number>()
})

test('allOf keeps tuples and arrays', () => {
  expectTypeOf(CompletableFuture.allOf([numbers, texts, Promise.resolve(true)])).toEqualTypeOf<
    CompletableFuture<[number, string, boolean]>
  >()
  expectTypeOf(CompletableFuture.allOf([1, 2].map(() => numbers))).toEqualTypeOf<CompletableFuture<number[]>>()
  expectTypeOf(CompletableFuture.anyOf<number | string>([numbers, texts])).toEqualTypeOf<
    CompletableFuture<number | string>
  >()
})

test('the error tells value and failure apart', () => {
  numbers.handle((...[value, error]) => {
    if (error === undefined) expectTypeOf(value).toEqualTypeOf<number>()
    else expectTypeOf([value, error] as const).toEqualTypeOf<readonly [undefined, Failure]>()
  })
  numbers.whenComplete((value, error) => {
    if (error === undefined) expectTypeOf(value).toEqualTypeOf<number>()
    else expectTypeOf(error).toEqualTypeOf<Failure>()
  })
})

test('the state tells by its status', () => {
  const { state } = numbers
  if (state.status === 'completed') expectTypeOf(state.value).toEqualTypeOf<number>()
  if (state.status === 'failed') expectTypeOf(state.error).toEqualTypeOf<Failure>()
})

test('a future of a subtype is a future of the type, and void needs no argument', () => {
  expectTypeOf<CompletableFuture<1>>().toExtend<CompletableFuture<number>>()
  expectTypeOf<CompletableFuture<number>>().not.toExtend<CompletableFuture<string>>()
  expectTypeOf<CompletableFuture<never>>().toExtend<CompletableFuture<number>>()
  expectTypeOf(numbers).toExtend<PromiseLike<number>>()
  expectTypeOf(numbers).toExtend<Promise<number>>()
  expectTypeOf(numbers.catch(() => 'none')).toEqualTypeOf<Promise<number | string>>()
  expectTypeOf(numbers.finally(() => undefined)).toEqualTypeOf<Promise<number>>()
  new CompletableFuture<void>().complete()
  // @ts-expect-error a number is expected
  numbers.complete('a')
  // @ts-expect-error thenCompose wants a future or a promise
  numbers.thenCompose((n) => n)
  // @ts-expect-error its parts are private
  expectTypeOf(numbers.content)
})

test('every Clock is a Timer', () => {
  expectTypeOf<Clock>().toExtend<Timer>()
})

test('fp-ts sees a monad', () => {
  expectTypeOf(future.Monad).toExtend<Monad1<'CompletableFuture'>>()
  expectTypeOf(
    pipe(
      future.Do,
      future.bind('a', () => numbers),
      future.let('b', ({ a }) => String(a)),
      future.apS('c', texts),
    ),
  ).toExtend<CompletableFuture<{ readonly a: number; readonly b: string; readonly c: string }>>()
  expectTypeOf(toTaskEither(numbers)).toEqualTypeOf<TaskEither<Failure, number>>()
  expectTypeOf(toTaskEither(numbers, String)).toEqualTypeOf<TaskEither<string, number>>()
  expectTypeOf(pipe(numbers, toTaskEither)).toEqualTypeOf<TaskEither<Failure, number>>()
  expectTypeOf(fromTaskEither(null as unknown as TaskEither<string, number>)).toEqualTypeOf<CompletableFuture<number>>()
  expectTypeOf(chainRec(0, null as unknown as (n: number) => CompletableFuture<Either<number, string>>)).toEqualTypeOf<
    CompletableFuture<string>
  >()
})
