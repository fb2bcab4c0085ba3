import type { CompletableFuture } from './CompletableFuture.ts'

/**
 * Completes `any` as the first of the sources to be done completes. The machinery of `CompletableFuture.anyOf`.
 *
 * The others go on, but keep nothing of this: waiting again and again for one long-lived future does not pile up on it.
 *
 * @returns cancels the waiting, and with it the sources that nothing else waits for
 */
export const completeWithAny = <A>(
  any: CompletableFuture<A>,
  sources: ReadonlyArray<CompletableFuture<A>>,
): (() => void) => {
  const done = sources.find((each) => each.isDone)
  const awaited = done === undefined ? sources : [done]
  const links: Array<CompletableFuture<void>> = []
  for (const source of awaited) {
    const link = source.handle((...[value, error]) => {
      if (error === undefined) any.complete(value)
      else any.completeExceptionally(error)
      // A link that is completed no longer hangs on its source.
      for (const each of links) each.complete()
    })
    links.push(link)
  }
  return () => links.forEach((each) => each.cancel())
}
