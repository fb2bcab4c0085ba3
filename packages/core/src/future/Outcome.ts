/** What a future failed with: whatever was thrown, but never `undefined` or `null`, for which an Error that says so stands in. */
export type Failure = {}

/**
 * What a callback is told about a completed future: the value, or the failure.
 *
 * Testing `error === undefined` tells them apart, for the compiler too.
 */
export type Outcome<A> = [value: A, error: undefined] | [value: undefined, error: Failure]

/** What is known of a future at this moment, as plain data. A cancelled future has failed with `Cancelled`. */
export type FutureState<A> =
  | { readonly status: 'pending' }
  | { readonly status: 'completed'; readonly value: A }
  | { readonly status: 'failed'; readonly error: Failure }

/** The values of several futures, in their order: `[CompletableFuture<number>, Promise<string>]` gives `[number, string]`. */
export type ValuesOf<T extends ReadonlyArray<PromiseLike<unknown>>> = {
  -readonly [I in keyof T]: T[I] extends PromiseLike<infer A> ? A : never
}
