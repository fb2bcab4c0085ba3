import type { CompletableFuture } from './CompletableFuture.ts'
import type { ValuesOf } from './Outcome.ts'

/**
 * Completes `all` with the values of the sources once the last of them is done, or fails it with the first failure in
 * their order. The machinery of `CompletableFuture.allOf`: one dependant a pending source, none for those that are done.
 *
 * @returns cancels the waiting, and with it the sources that nothing else waits for
 */
export const completeWithAll = <T extends ReadonlyArray<PromiseLike<unknown>>>(
  all: CompletableFuture<ValuesOf<T>>,
  sources: ReadonlyArray<CompletableFuture<unknown>>,
): (() => void) => {
  const finish = (): void => {
    const failed = sources.find((each) => each.isCompletedExceptionally)?.state
    if (failed?.status === 'failed') all.completeExceptionally(failed.error)
    else all.complete(sources.map((each) => each.getNow(undefined)) as ValuesOf<T>)
  }
  const awaited = sources.filter((each) => !each.isDone)
  let left = awaited.length
  if (left === 0) finish()
  const links = awaited.map((each) =>
    each.handle(() => {
      left -= 1
      if (left === 0) finish()
    }),
  )
  return () => links.forEach((each) => each.cancel())
}
