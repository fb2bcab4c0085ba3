import type { Either } from 'fp-ts/lib/Either.js'
import { CompletableFuture, type Outcome } from './CompletableFuture.ts'

/**
 * Repeats an asynchronous step until it gives a `Right`: a loop, in constant stack and memory however often it goes round.
 *
 * Steps that are done already run within one turn. Cancelling cancels the step under way and begins no other.
 *
 * @param start - what the first step gets; a `Left` is what the next one gets
 * @returns what was in the `Right`; fails as the first step that fails
 * @example
 * import { left, right } from 'fp-ts/lib/Either.js'
 * chainRec(0, (n) => CompletableFuture.completed(n < 1_000_000 ? left(n + 1) : right(n))).getNow(0) // => 1000000
 */
export const chainRec = <A, B>(start: A, step: (a: A) => CompletableFuture<Either<A, B>>): CompletableFuture<B> =>
  CompletableFuture.cancellable((result) => {
    let underWay: CompletableFuture<void> | undefined
    const runFrom = (first: A): void => {
      let a = first
      while (!result.isDone) {
        const next = step(a)
        if (!next.isDone) {
          underWay = next.handle(goOn)
          return
        }
        const either = next.getNow(undefined) as Either<A, B>
        if (either._tag === 'Right') result.complete(either.right)
        else a = either.left
      }
    }
    const goOn = (...[either, error]: Outcome<Either<A, B>>): void => {
      if (error !== undefined) result.completeExceptionally(error)
      else if (either._tag === 'Right') result.complete(either.right)
      else
        try {
          runFrom(either.left)
        } catch (thrown) {
          result.completeExceptionally(thrown)
        }
    }
    runFrom(start)
    return () => underWay?.cancel()
  })
