import { type Either, left, right } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { CompletableFuture, type Failure } from './CompletableFuture.ts'

/**
 * A future as an fp-ts `TaskEither`. The work is under way already; every run of the task gives the same outcome.
 *
 * @param onFailure - makes the typed failure; without it the failure stays what it is, and `E` is the caller's claim about it
 * @example
 * await toTaskEither(CompletableFuture.failed('no'), String)() // => { _tag: 'Left', left: 'no' }
 */
export const toTaskEither = <A, E = Failure>(
  future: CompletableFuture<A>,
  onFailure?: (error: Failure) => E,
): TaskEither<E, A> => {
  const failure = onFailure ?? ((error: Failure) => error as E)
  return () =>
    future
      .handle<Either<E, A>>((...[value, error]) => (error === undefined ? right(value) : left(failure(error))))
      .toPromise()
}

/**
 * Runs a `TaskEither` once, at once. A `Left` is the failure, as is what the task throws or rejects with.
 *
 * @example
 * import { right } from 'fp-ts/lib/Either.js'
 * await fromTaskEither(() => Promise.resolve(right(1))) // => 1
 */
export const fromTaskEither = <E, A>(task: TaskEither<E, A>): CompletableFuture<A> =>
  CompletableFuture.supply(task).thenCompose((either) =>
    either._tag === 'Right' ? CompletableFuture.completed(either.right) : CompletableFuture.failed<A>(either.left),
  )
