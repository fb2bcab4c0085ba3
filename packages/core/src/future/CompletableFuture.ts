import { Cancelled, InvalidOption, TimedOut } from '../model/errors.ts'
import { completeWithAll } from './allOf.ts'
import { completeWithAny } from './anyOf.ts'
import * as step from './internal/Settleable.ts'
import type { Failure, FutureState, Outcome, ValuesOf } from './Outcome.ts'
import { rejection } from './rejection.ts'
import { systemTimer } from './systemTimer.ts'
import type { Timer } from './Timer.ts'

export type { Failure, FutureState, Outcome, ValuesOf } from './Outcome.ts'

/**
 * A value that is there, will be there, or will not come: Java's `CompletableFuture`, for TypeScript.
 *
 * **Turns.** A callback on a future that is done runs at once, with no microtask between, and its result is done when
 * the call returns. Callbacks on a pending future run inside the call that completes it, in the order in which they were
 * added; when that call is itself made from such a callback, they run right after it. Only `then`, and so `await`, is
 * asynchronous, as the language demands.
 *
 * **Failures** pass through as they are, never wrapped. A callback that throws fails its future. A failure that nobody
 * looks at is not reported: it is a value that may be asked for later. Whoever calls `then` has a Promise, with its rules.
 *
 * **Cancelling** a future fails it with `Cancelled` and then cancels what it waits for, unless anything else waits for
 * that too, and so on up to the source, whose work is stopped (`cancellable`). So the last one to lose interest ends the
 * work. A future that is kept to be asked later is guarded by `shield`.
 *
 * **Bounds.** Completing a chain of any length takes constant stack. So does a recursion through `thenCompose`: beyond 100
 * callbacks inside one another, the rest runs when the outermost returns. Such a recursion of n steps holds n futures
 * until it ends; `chainRec` holds none. A dependant costs one object; adding, removing and completing it are O(1).
 *
 * @example
 * CompletableFuture.completed(20).thenApply((n) => n + 1).thenCompose((n) => CompletableFuture.completed(n * 2)).getNow(0) // => 42
 */
export class CompletableFuture<A> extends step.Settleable<A> implements Promise<A> {
  /**
   * A future that is done already, with this value.
   *
   * @example
   * CompletableFuture.completed(1).getNow(0) // => 1
   */
  static completed<A>(value: A): CompletableFuture<A> {
    const future = new CompletableFuture<A>()
    future.succeed(value)
    return future
  }

  /**
   * A future that has failed already, with this error.
   *
   * @example
   * CompletableFuture.failed('no').exceptionally((error) => error).getNow('') // => 'no'
   */
  static failed<A = never>(error: unknown): CompletableFuture<A> {
    const future = new CompletableFuture<A>()
    future.fail(error)
    return future
  }

  /**
   * Any promise as a future; a future is returned as it is. Cancelling cannot stop a foreign promise: its outcome is dropped.
   *
   * @example
   * await CompletableFuture.from(Promise.resolve(1)) // => 1
   */
  static from<A>(promise: PromiseLike<A>): CompletableFuture<A> {
    return promise instanceof CompletableFuture ? promise : CompletableFuture.supply(() => promise)
  }

  /**
   * Runs a function, sync or async, at once. What it throws is the failure; what it returns without a promise is there at once.
   *
   * @example
   * CompletableFuture.supply(() => JSON.parse('{')).isCompletedExceptionally // => true
   */
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

  /**
   * A future for work that can be stopped.
   *
   * @param start - begins the work, completes the future it is given, and returns what stops the work. That is called at
   *   most once, and only by a cancellation or a timeout; the future has failed by then. It must not throw.
   * @example
   * const tick = CompletableFuture.cancellable<void>((done) => systemTimer.after(1_000, () => done.complete()))
   * tick.cancel() // => true
   */
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

  /**
   * Waits until every one is done: then nothing is under way any more. Unlike `Promise.all` it does not end early.
   *
   * @returns the values in their order, or the failure that comes first in that order
   * @example
   * CompletableFuture.allOf([CompletableFuture.completed(1), CompletableFuture.completed('a')]).getNow([]) // => [1, 'a']
   */
  static allOf<const T extends ReadonlyArray<PromiseLike<unknown>>>(futures: T): CompletableFuture<ValuesOf<T>> {
    const sources = futures.map((each) => CompletableFuture.from(each))
    return CompletableFuture.cancellable((all) => completeWithAll<T>(all, sources))
  }

  /**
   * The outcome, good or bad, of whichever is done first; of the first in order when several are done. The others go on.
   *
   * @throws InvalidOption when there are none, as that would never be done
   * @example
   * CompletableFuture.anyOf([new CompletableFuture<number>(), CompletableFuture.completed(2)]).getNow(0) // => 2
   */
  static anyOf<A>(futures: ReadonlyArray<PromiseLike<A>>): CompletableFuture<A> {
    if (futures.length === 0) throw new InvalidOption('anyOf: expected at least one future, got none')
    const sources = futures.map((each) => CompletableFuture.from(each))
    return CompletableFuture.cancellable((any) => completeWithAny(any, sources))
  }

  /**
   * Completed, failed or cancelled: whether it will never change again.
   *
   * @example
   * new CompletableFuture().isDone // => false
   */
  get isDone(): boolean {
    return !this.pending
  }

  /**
   * Whether it failed with `Cancelled`: was cancelled itself, or depended on one that was.
   *
   * @example
   * CompletableFuture.failed('no').isCancelled // => false
   */
  get isCancelled(): boolean {
    return this.failed && this.content instanceof Cancelled
  }

  /**
   * Whether it failed, in any way.
   *
   * @example
   * CompletableFuture.failed('no').isCompletedExceptionally // => true
   */
  get isCompletedExceptionally(): boolean {
    return this.failed
  }

  /**
   * What is known now, as plain data.
   *
   * @example
   * CompletableFuture.completed(1).state // => { status: 'completed', value: 1 }
   */
  get state(): FutureState<A> {
    if (this.completed) return { status: 'completed', value: this.content as A }
    return this.failed ? { status: 'failed', error: this.content as Failure } : { status: 'pending' }
  }

  /**
   * The value if it is there now, otherwise `absent`.
   *
   * @throws what it failed with, if it has failed
   * @example
   * new CompletableFuture<number>().getNow(7) // => 7
   */
  getNow<B>(absent: B): A | B {
    if (this.failed) throw this.content
    return this.completed ? (this.content as A) : absent
  }

  /**
   * Completes it with a value, and runs what waits for it.
   *
   * @returns false, and changes nothing, when it was done already
   * @example
   * CompletableFuture.completed(1).complete(2) // => false
   */
  complete(value: A): boolean {
    return this.succeed(value)
  }

  /**
   * Fails it, and tells what waits for it.
   *
   * @param error - anything; an Error that says so stands in for `undefined` and `null`
   * @returns false, and changes nothing, when it was done already
   * @example
   * new CompletableFuture().completeExceptionally(new Error('no')) // => true
   */
  completeExceptionally(error: unknown): boolean {
    return this.fail(error)
  }

  /**
   * Fails it with `Cancelled`, then cancels what it waits for, up to the source, as far as nothing else waits for that.
   *
   * Everything that was made from a future waits for it, until it is done or cancelled itself; a Promise (`then`, `await`) to
   * the end. Only a future that was merely kept in a variable does not count.
   *
   * @returns false, and changes nothing, when it was done already
   * @example
   * new CompletableFuture().cancel() // => true
   */
  cancel(): boolean {
    return this.pending && this.abandonWith(new Cancelled('the future was cancelled'))
  }

  /**
   * The same outcome, in a future that may be cancelled or completed by whoever gets it without any effect on this one.
   * While it is pending, this one is not cancelled by others either.
   *
   * @example
   * const shared = new CompletableFuture<number>()
   * shared.shield().cancel() // => true
   * shared.isDone // => false
   */
  shield(): CompletableFuture<A> {
    return this.isDone ? this : this.attach(new CompletableFuture<A>(), step.shield, undefined)
  }

  /**
   * The value, changed. `f` is for plain values: one that returns a future or a promise belongs into `thenCompose`.
   *
   * @example
   * CompletableFuture.completed(2).thenApply((n) => n * 2).getNow(0) // => 4
   */
  thenApply<B>(f: (value: A) => B): CompletableFuture<B> {
    return this.failed ? (this as never) : this.attach(new CompletableFuture<B>(), step.apply, f)
  }

  /**
   * The next asynchronous step: done when the future or promise that `f` returns is.
   *
   * @example
   * CompletableFuture.completed(2).thenCompose((n) => CompletableFuture.completed(n * 2)).getNow(0) // => 4
   */
  thenCompose<B>(f: (value: A) => PromiseLike<B>): CompletableFuture<B> {
    return this.failed ? (this as never) : this.attachNested(new CompletableFuture<B>(), step.compose, f)
  }

  /**
   * Both values together, once both are done; if both failed, with the failure of this one.
   *
   * @example
   * CompletableFuture.completed(2).thenCombine(CompletableFuture.completed(3), (a, b) => a * b).getNow(0) // => 6
   */
  thenCombine<B, C>(other: PromiseLike<B>, f: (value: A, otherValue: B) => C): CompletableFuture<C> {
    return CompletableFuture.allOf<[CompletableFuture<A>, PromiseLike<B>]>([this, other]).thenApply((both) =>
      f(...both),
    )
  }

  /**
   * Hands the value to `f`, whose result is dropped.
   *
   * @example
   * CompletableFuture.completed(2).thenAccept((n) => n * 2).getNow(null) // => undefined
   */
  thenAccept(f: (value: A) => unknown): CompletableFuture<void> {
    return this.failed ? (this as never) : this.attach(new CompletableFuture<void>(), step.accept, f)
  }

  /**
   * Calls `f` with nothing once the value is there; its result is dropped.
   *
   * @example
   * CompletableFuture.completed(2).thenRun(() => 'done').getNow(null) // => undefined
   */
  thenRun(f: () => unknown): CompletableFuture<void> {
    return this.failed ? (this as never) : this.attach(new CompletableFuture<void>(), step.run, f)
  }

  /**
   * Turns either outcome into a value. `f` takes both the value and the error, or nothing: half of it would be a mistake.
   *
   * @example
   * CompletableFuture.failed('no').handle((value, error) => error === undefined ? value : 0).getNow(1) // => 0
   */
  handle<B>(f: (...outcome: Outcome<A>) => B): CompletableFuture<B> {
    return this.attach(new CompletableFuture<B>(), step.handle, f)
  }

  /**
   * Looks at either outcome and passes it on. If `f` throws, that is the failure, unless there was one before.
   *
   * @example
   * CompletableFuture.completed(2).whenComplete((value, error) => [value, error]).getNow(0) // => 2
   */
  whenComplete(f: (...outcome: Outcome<A>) => unknown): CompletableFuture<A> {
    return this.attach(new CompletableFuture<A>(), step.observe, f)
  }

  /**
   * Turns a failure into a value.
   *
   * @example
   * CompletableFuture.failed('no').exceptionally(() => 0).getNow(1) // => 0
   */
  exceptionally<B>(f: (error: Failure) => B): CompletableFuture<A | B> {
    return this.completed ? this : this.attach(new CompletableFuture<A | B>(), step.recover, f)
  }

  /**
   * Another asynchronous attempt after a failure.
   *
   * @example
   * CompletableFuture.failed('no').exceptionallyCompose(() => CompletableFuture.completed(0)).getNow(1) // => 0
   */
  exceptionallyCompose<B>(f: (error: Failure) => PromiseLike<B>): CompletableFuture<A | B> {
    return this.completed ? this : this.attachNested(new CompletableFuture<A | B>(), step.recoverCompose, f)
  }

  /**
   * The same outcome, if it is there within the limit; otherwise fails with `TimedOut` and cancels this as `cancel` would.
   * Unlike Java's, it leaves this future itself alone when others wait for it.
   *
   * @param limitMs - milliseconds from now, 0 or more
   * @param timer - the system's, unless a clock is given
   * @throws InvalidOption when `limitMs` is negative or not a number
   * @example
   * CompletableFuture.completed(2).orTimeout(2_000).getNow(0) // => 2
   */
  orTimeout(limitMs: number, timer: Timer = systemTimer): CompletableFuture<A> {
    requireLimit('orTimeout', limitMs)
    if (this.isDone) return this
    const target = new CompletableFuture<A>()
    const expire = (): void => void target.abandonWith(new TimedOut(`not done within ${limitMs} ms`))
    return this.attachTimed(target, () => timer.after(limitMs, expire))
  }

  /**
   * As `orTimeout`, but with a value instead of the failure.
   *
   * @example
   * CompletableFuture.completed(2).completeOnTimeout(0, 2_000).getNow(1) // => 2
   */
  completeOnTimeout<B>(value: B, limitMs: number, timer: Timer = systemTimer): CompletableFuture<A | B> {
    requireLimit('completeOnTimeout', limitMs)
    if (this.isDone) return this
    const target = new CompletableFuture<A | B>()
    return this.attachTimed(target, () => timer.after(limitMs, () => void target.abandonFor(value)))
  }

  /**
   * The same outcome as a Promise. From here on the Promise's rules hold: a rejection that nobody handles is reported.
   *
   * @example
   * await CompletableFuture.completed(2).toPromise() // => 2
   */
  toPromise(): Promise<A> {
    if (this.completed) return Promise.resolve(this.content as A)
    if (this.failed) return rejection(this.content)
    return new Promise((resolve) => {
      this.handle((...[value, error]) => resolve(error === undefined ? value : rejection(error)))
    })
  }

  /**
   * `Promise.then`, asynchronous as that is. It makes `await`, `Promise.all` and every taker of a promise work.
   *
   * @example
   * await CompletableFuture.completed(2) // => 2
   */
  then<B = A, C = never>(
    onCompleted?: ((value: A) => B | PromiseLike<B>) | null,
    onFailed?: ((error: any) => C | PromiseLike<C>) | null,
  ): Promise<B | C> {
    return this.toPromise().then(onCompleted, onFailed)
  }

  /**
   * `Promise.catch`: from here on it is a Promise, which cannot be cancelled. `exceptionally` gives a future.
   *
   * @example
   * await CompletableFuture.failed('no').catch(() => 0) // => 0
   */
  catch<C = never>(onFailed?: ((error: any) => C | PromiseLike<C>) | null): Promise<A | C> {
    return this.toPromise().catch(onFailed)
  }

  /**
   * `Promise.finally`: from here on it is a Promise. `whenComplete` gives a future, and tells the outcome.
   *
   * @example
   * await CompletableFuture.completed(2).finally(() => undefined) // => 2
   */
  finally(onDone?: (() => void) | null): Promise<A> {
    return this.toPromise().finally(onDone)
  }

  /** So that types take it for a Promise. */
  get [Symbol.toStringTag](): string {
    return 'CompletableFuture'
  }
}

// How Node prints it: `CompletableFuture { status: 'completed', value: 1 }`. Its fields are private, so it would say nothing.
Object.defineProperty(CompletableFuture.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: CompletableFuture<unknown>, _: number, options: object, print: (of: unknown, options: object) => string) {
    return `CompletableFuture ${print(this.state, options)}`
  },
})

const isPromiseLike = <A>(value: A | PromiseLike<A>): value is PromiseLike<A> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function'

const requireLimit = (method: string, limitMs: number): void => {
  if (limitMs >= 0) return
  throw new InvalidOption(`${method}: limitMs must be a number of milliseconds from 0, got ${limitMs}`)
}
