import { apS as applyS, type Apply1 } from 'fp-ts/lib/Apply.js'
import type { Applicative1 } from 'fp-ts/lib/Applicative.js'
import { bind as chainBind, type Chain1 } from 'fp-ts/lib/Chain.js'
import type { ChainRec1 } from 'fp-ts/lib/ChainRec.js'
import { bindTo as functorBindTo, type Functor1, let as functorLet } from 'fp-ts/lib/Functor.js'
import type { Monad1 } from 'fp-ts/lib/Monad.js'
import type { MonadThrow1 } from 'fp-ts/lib/MonadThrow.js'
import { chainRec } from './chainRec.ts'
import { CompletableFuture, type Failure } from './CompletableFuture.ts'

// The types of HKT, and nothing else of fp-ts, lie outside lib; this leaves no import in the emitted code.
declare module 'fp-ts/HKT' {
  interface URItoKind<A> {
    readonly CompletableFuture: CompletableFuture<A>
  }
}

/** The name of CompletableFuture among the type constructors of fp-ts. */
export const URI = 'CompletableFuture'
export type URI = typeof URI

/** A record with one more field, as `Do` notation builds it. */
export type With<N extends string, A, B> = { readonly [K in keyof A | N]: K extends keyof A ? A[K] : B }

/**
 * `CompletableFuture.completed`.
 *
 * @example
 * of(1).getNow(0) // => 1
 */
export const of: <A>(value: A) => CompletableFuture<A> = (value) => CompletableFuture.completed(value)

/**
 * `thenApply`, for `pipe`.
 *
 * @example
 * map((n: number) => n + 1)(of(1)).getNow(0) // => 2
 */
export const map: <A, B>(f: (value: A) => B) => (future: CompletableFuture<A>) => CompletableFuture<B> =
  (f) => (future) =>
    future.thenApply(f)

/**
 * `thenCompose`, for `pipe`.
 *
 * @example
 * chain((n: number) => of(n + 1))(of(1)).getNow(0) // => 2
 */
export const chain: <A, B>(
  f: (value: A) => CompletableFuture<B>,
) => (future: CompletableFuture<A>) => CompletableFuture<B> = (f) => (future) => future.thenCompose(f)

/**
 * `exceptionallyCompose`, for `pipe`.
 *
 * @example
 * orElse(() => of(1))(CompletableFuture.failed('no')).getNow(0) // => 1
 */
export const orElse: <B>(
  f: (error: Failure) => CompletableFuture<B>,
) => <A>(future: CompletableFuture<A>) => CompletableFuture<A | B> = (f) => (future) => future.exceptionallyCompose(f)

/** Maps over the value, as in fp-ts. */
export const Functor: Functor1<URI> = { URI, map: (future, f) => future.thenApply(f) }

/** Applies a function to a value; both are under way at the same time, and of two failures the function's counts. */
export const Apply: Apply1<URI> = { ...Functor, ap: (future, value) => future.thenCombine(value, (f, a) => f(a)) }

/** For `traverse` and `sequence`: all are under way at the same time. */
export const Applicative: Applicative1<URI> = { ...Apply, of }

/** One step after another. */
export const Chain: Chain1<URI> = { ...Apply, chain: (future, f) => future.thenCompose(f) }

/** Lawful for futures that are done, that fail, and that are done later (the laws are tests). */
export const Monad: Monad1<URI> = { ...Applicative, ...Chain }

/** Loops in constant stack and memory. */
export const ChainRec: ChainRec1<URI> = { ...Chain, chainRec }

/** `throwError` is `CompletableFuture.failed`. */
export const MonadThrow: MonadThrow1<URI> = { ...Monad, throwError: (error) => CompletableFuture.failed(error) }

/**
 * The beginning of a `Do` notation: an empty record, there already.
 *
 * @example
 * import { pipe } from 'fp-ts/lib/function.js'
 * pipe(Do, bind('a', () => of(1)), bind('b', ({ a }) => of(a + 1)), map(({ a, b }) => [a, b])).getNow([]) // => [1, 2]
 */
export const Do: CompletableFuture<{}> = of({})

/**
 * The value as a record of one field.
 *
 * @example
 * bindTo('a')(of(1)).getNow({}) // => { a: 1 }
 */
export const bindTo: <N extends string>(
  name: N,
) => <A>(future: CompletableFuture<A>) => CompletableFuture<{ readonly [K in N]: A }> = functorBindTo(Functor)

/**
 * One more field, from a step that sees those before it.
 *
 * @example
 * import { pipe } from 'fp-ts/lib/function.js'
 * pipe(of({ a: 1 }), bind('b', ({ a }) => of(a + 1))).getNow({}) // => { a: 1, b: 2 }
 */
export const bind: <N extends string, A, B>(
  name: Exclude<N, keyof A>,
  f: (a: A) => CompletableFuture<B>,
) => (future: CompletableFuture<A>) => CompletableFuture<With<N, A, B>> = chainBind(Chain)

/**
 * One more field, computed from those before it; exported as `let`.
 *
 * @example
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as fp from '@weir/core/fp'
 * pipe(fp.of({ a: 1 }), fp.let('b', ({ a }) => a + 1)).getNow({}) // => { a: 1, b: 2 }
 */
const let_: <N extends string, A, B>(
  name: Exclude<N, keyof A>,
  f: (a: A) => B,
) => (future: CompletableFuture<A>) => CompletableFuture<With<N, A, B>> = functorLet(Functor)

export { let_ as let }

/**
 * One more field, from a future that is under way already.
 *
 * @example
 * import { pipe } from 'fp-ts/lib/function.js'
 * pipe(of({ a: 1 }), apS('b', of(2))).getNow({}) // => { a: 1, b: 2 }
 */
export const apS: <N extends string, A, B>(
  name: Exclude<N, keyof A>,
  future: CompletableFuture<B>,
) => (future: CompletableFuture<A>) => CompletableFuture<With<N, A, B>> = applyS(Apply)
