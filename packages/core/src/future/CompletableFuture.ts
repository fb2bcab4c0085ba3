import { Cancelled, InvalidOption, TimedOut } from '../model/errors.ts'
import {
  accept,
  apply,
  compose,
  handle,
  observe,
  recover,
  recoverCompose,
  run,
  Settleable,
  shield,
} from './internal/Settleable.ts'
import type { Failure, FutureState, Outcome } from './Outcome.ts'
import { systemTimer } from './systemTimer.ts'
import type { Timer } from './Timer.ts'

export type { Failure, FutureState, Outcome } from './Outcome.ts'

/** What `allOf` completes with: the values of the futures, in their order. */
export type ValuesOf<T extends ReadonlyArray<PromiseLike<unknown>>> = {
  -readonly [I in keyof T]: T[I] extends PromiseLike<infer A> ? A : never
}

/**
 * A value that is there already, will be there later, or will not come: Java's CompletableFuture for TypeScript.
 *
 * Callbacks on a future that is done run at once, in the same turn, with no microtask between.
 */
export class CompletableFuture<A> extends Settleable<A> implements PromiseLike<A> {
  static completed<A>(value: A): CompletableFuture<A> {
    const future = new CompletableFuture<A>()
    future.succeed(value)
    return future
  }

  static failed<A = never>(error: unknown): CompletableFuture<A> {
    const future = new CompletableFuture<A>()
    future.fail(error)
    return future
  }

  static from<A>(promise: PromiseLike<A>): CompletableFuture<A> {
    if (promise instanceof CompletableFuture) return promise
    return CompletableFuture.supply(() => promise)
  }

  static supply<A>(action: () => A | PromiseLike<A>): CompletableFuture<A> {
    const future = new CompletableFuture<A>()
    try {
      const result = action()
      if (isPromiseLike(result)) future.follow(result)
      else future.succeed(result)
    } catch (error) {
      future.fail(error)
    }
    return future
  }

  static cancellable<A>(start: (future: CompletableFuture<A>) => (() => void) | void): CompletableFuture<A> {
    const future = new CompletableFuture<A>()
    try {
      const stop = start(future)
      if (stop !== undefined) future.onCancel(stop)
    } catch (error) {
      future.fail(error)
    }
    return future
  }

  static allOf<const T extends ReadonlyArray<PromiseLike<unknown>>>(futures: T): CompletableFuture<ValuesOf<T>> {
    const sources = futures.map((each) => CompletableFuture.from(each))
    const all = new CompletableFuture<ValuesOf<T>>()
    let left = sources.length
    const oneDone = (): void => {
      left -= 1
      if (left > 0) return
      const broken = sources.find((each) => each.failed)
      if (broken === undefined) all.succeed(sources.map((each) => each.content) as ValuesOf<T>)
      else all.fail(broken.content)
    }
    const links = sources.filter((each) => !each.isDone)
    left = links.length + 1
    const nodes = links.map((each) => each.handle(oneDone))
    all.onCancel(() => nodes.forEach((each) => each.cancel()))
    oneDone()
    return all
  }

  static anyOf<A>(futures: ReadonlyArray<PromiseLike<A>>): CompletableFuture<A> {
    if (futures.length === 0) throw new InvalidOption('anyOf: expected at least one future, got none')
    const sources = futures.map((each) => CompletableFuture.from(each))
    const done = sources.find((each) => each.isDone)
    if (done !== undefined) return done
    const any = new CompletableFuture<A>()
    const links = sources.map((each) =>
      each.whenComplete((...[value, error]) => {
        for (const link of links) link.detach()
        if (error === undefined) any.succeed(value as A)
        else any.fail(error)
      }),
    )
    any.onCancel(() => links.forEach((each) => each.cancel()))
    return any
  }

  get isDone(): boolean {
    return !this.pending
  }

  get isCancelled(): boolean {
    return this.failed && this.content instanceof Cancelled
  }

  get isCompletedExceptionally(): boolean {
    return this.failed
  }

  get state(): FutureState<A> {
    if (this.completed) return { status: 'completed', value: this.content as A }
    return this.failed ? { status: 'failed', error: this.content as Failure } : { status: 'pending' }
  }

  getNow<B>(absent: B): A | B {
    if (this.failed) throw this.content
    return this.completed ? (this.content as A) : absent
  }

  complete(value: A): boolean {
    return this.succeed(value)
  }

  completeExceptionally(error: unknown): boolean {
    return this.fail(error)
  }

  cancel(): boolean {
    return this.pending && this.abandonWith(new Cancelled('the future was cancelled'))
  }

  shield(): CompletableFuture<A> {
    return this.isDone ? this : this.attach(new CompletableFuture<A>(), shield, undefined)
  }

  thenApply<B>(f: (value: A) => B): CompletableFuture<B> {
    return this.failed ? (this as never) : this.attach(new CompletableFuture<B>(), apply, f)
  }

  thenCompose<B>(f: (value: A) => PromiseLike<B>): CompletableFuture<B> {
    return this.failed ? (this as never) : this.attachNested(new CompletableFuture<B>(), compose, f)
  }

  thenCombine<B, C>(other: PromiseLike<B>, f: (value: A, otherValue: B) => C): CompletableFuture<C> {
    return CompletableFuture.allOf<[CompletableFuture<A>, PromiseLike<B>]>([this, other]).thenApply(([value, otherValue]) => f(value, otherValue))
  }

  thenAccept(f: (value: A) => unknown): CompletableFuture<void> {
    return this.failed ? (this as never) : this.attach(new CompletableFuture<void>(), accept, f)
  }

  thenRun(f: () => unknown): CompletableFuture<void> {
    return this.failed ? (this as never) : this.attach(new CompletableFuture<void>(), run, f)
  }

  handle<B>(f: (...outcome: Outcome<A>) => B): CompletableFuture<B> {
    return this.attach(new CompletableFuture<B>(), handle, f)
  }

  whenComplete(f: (...outcome: Outcome<A>) => unknown): CompletableFuture<A> {
    return this.attach(new CompletableFuture<A>(), observe, f)
  }

  exceptionally<B>(f: (error: Failure) => B): CompletableFuture<A | B> {
    return this.completed ? this : this.attach(new CompletableFuture<A | B>(), recover, f)
  }

  exceptionallyCompose<B>(f: (error: Failure) => PromiseLike<B>): CompletableFuture<A | B> {
    return this.completed ? this : this.attachNested(new CompletableFuture<A | B>(), recoverCompose, f)
  }

  orTimeout(limitMs: number, timer: Timer = systemTimer): CompletableFuture<A> {
    requireLimit('orTimeout', limitMs)
    if (this.isDone) return this
    const target = new CompletableFuture<A>()
    return this.attachTimed(target, () =>
      timer.after(limitMs, () => void target.abandonWith(new TimedOut(`not done within ${limitMs} ms`))),
    )
  }

  completeOnTimeout<B>(value: B, limitMs: number, timer: Timer = systemTimer): CompletableFuture<A | B> {
    requireLimit('completeOnTimeout', limitMs)
    if (this.isDone) return this
    const target = new CompletableFuture<A | B>()
    return this.attachTimed(target, () => timer.after(limitMs, () => void target.abandonFor(value)))
  }

  toPromise(): Promise<A> {
    if (this.completed) return Promise.resolve(this.content as A)
    if (this.failed) return Promise.reject(this.content)
    return new Promise((resolve, reject) => {
      this.handle((value, error) => (error === undefined ? resolve(value as A) : reject(error)))
    })
  }

  then<B = A, C = never>(
    onCompleted?: ((value: A) => B | PromiseLike<B>) | null,
    onFailed?: ((error: any) => C | PromiseLike<C>) | null,
  ): Promise<B | C> {
    return this.toPromise().then(onCompleted, onFailed)
  }
}

const isPromiseLike = <A>(value: A | PromiseLike<A>): value is PromiseLike<A> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function'

const requireLimit = (method: string, limitMs: number): void => {
  if (!(limitMs >= 0)) throw new InvalidOption(`${method}: limitMs must be a number of milliseconds from 0, got ${limitMs}`)
}
