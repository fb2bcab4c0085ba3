import { Cancelled, TimedOut } from '../model/errors.ts'
import { type Dependant, runDependants } from './dependants.ts'
import { platformTimer, type Timer } from './Timer.ts'

/** What a future is: still open, or how it ended. */
export type FutureState<A> =
  | { readonly status: 'pending' }
  | { readonly status: 'completed'; readonly value: A }
  | { readonly status: 'failed'; readonly error: unknown }

const pending = 0
const completed = 1
const failed = 2

/**
 * A value that is there, or will be, or will fail to be: Java's CompletableFuture, and a `PromiseLike`, so `await` works.
 *
 * Unlike a Promise it runs what depends on it at once when it is complete already, without a turn of the event loop or a
 * microtask, and it can be cancelled. What a function throws fails the future that it was to complete. A failure that
 * nobody looks at is not reported anywhere; `await` and `whenComplete` are how to look.
 *
 * Chains of any length complete without growing the stack.
 */
export class CompletableFuture<A> implements PromiseLike<A> {
  #status: 0 | 1 | 2 = pending
  #result: unknown = undefined
  /** One dependant is the common case and needs no array. */
  #dependants: Dependant | Dependant[] | undefined = undefined
  #onCancel: (() => void) | undefined = undefined

  /** A future that has its value already. Never fails. */
  static completed<A>(value: A): CompletableFuture<A> {
    const future = new CompletableFuture<A>()
    future.#status = completed
    future.#result = value
    return future
  }

  /** A future that has failed already. */
  static failed<A = never>(error: unknown): CompletableFuture<A> {
    const future = new CompletableFuture<A>()
    future.#status = failed
    future.#result = error
    return future
  }

  /** The future of a Promise or any other thenable; a CompletableFuture is given back as it is. */
  static from<A>(source: PromiseLike<A> | CompletableFuture<A>): CompletableFuture<A> {
    if (source instanceof CompletableFuture) return source
    const future = new CompletableFuture<A>()
    source.then(
      (value) => void future.complete(value),
      (error: unknown) => void future.completeExceptionally(error),
    )
    return future
  }

  /** Runs a function now; its value, or that of the thenable it gives, is the future's. */
  static supply<A>(supplier: () => A | PromiseLike<A>): CompletableFuture<A> {
    try {
      const value = supplier()
      return isThenable(value) ? CompletableFuture.from(value) : CompletableFuture.completed(value)
    } catch (error) {
      return CompletableFuture.failed(error)
    }
  }

  /**
   * A future of work that can be stopped.
   *
   * @param start - begins the work, completes the future that it gets, and gives what stops it when the future is cancelled
   */
  static cancellable<A>(start: (future: CompletableFuture<A>) => () => void): CompletableFuture<A> {
    const future = new CompletableFuture<A>()
    const stop = start(future)
    if (future.#status === pending) future.#onCancel = stop
    return future
  }

  /** All values, in the order of the futures, when all have completed; fails with the first failure. Costs one array. */
  static allOf<T extends ReadonlyArray<unknown>>(futures: {
    readonly [I in keyof T]: PromiseLike<T[I]>
  }): CompletableFuture<{ -readonly [I in keyof T]: T[I] }> {
    const sources = futures as ReadonlyArray<PromiseLike<unknown>>
    const all = new CompletableFuture<unknown[]>()
    const values = new Array<unknown>(sources.length)
    let open = sources.length
    if (open === 0) all.complete(values)
    sources.forEach((source, index) => {
      CompletableFuture.from(source).#react((future) => {
        if (future.#status === failed) return void all.completeExceptionally(future.#result)
        values[index] = future.#result
        if (--open === 0) all.complete(values)
      })
    })
    return all as unknown as CompletableFuture<{ -readonly [I in keyof T]: T[I] }>
  }

  /** What the first of the futures to end gives, be it a value or a failure. Never ends for no futures. */
  static anyOf<A>(futures: ReadonlyArray<PromiseLike<A>>): CompletableFuture<A> {
    const any = new CompletableFuture<A>()
    for (const source of futures) CompletableFuture.from(source).#react((future) => any.#settleAs(future))
    return any
  }

  /** Whether it has ended, with a value or without. */
  get isDone(): boolean {
    return this.#status !== pending
  }

  get isCompletedExceptionally(): boolean {
    return this.#status === failed
  }

  get isCancelled(): boolean {
    return this.#status === failed && this.#result instanceof Cancelled
  }

  /** How it stands, to be told apart by `status`. */
  get state(): FutureState<A> {
    if (this.#status === pending) return { status: 'pending' }
    return this.#status === completed
      ? { status: 'completed', value: this.#result as A }
      : { status: 'failed', error: this.#result }
  }

  /**
   * The value if it is there, else the one given.
   *
   * @throws what the future failed with
   * @example
   * CompletableFuture.completed(1).getNow(0) // => 1
   */
  getNow<B>(absent: B): A | B {
    if (this.#status === failed) throw this.#result
    return this.#status === completed ? (this.#result as A) : absent
  }

  /** Completes it with a value; false when it had ended already, and nothing changed. */
  complete(value: A): boolean {
    return this.#settle(completed, value)
  }

  /** Fails it; false when it had ended already, and nothing changed. */
  completeExceptionally(error: unknown): boolean {
    return this.#settle(failed, error)
  }

  /**
   * Fails it with `Cancelled` and stops the work behind it. A future that came from another one cancels that one,
   * up to the source, if nothing else depends on it. False when it had ended already.
   */
  cancel(): boolean {
    const stop = this.#onCancel
    if (!this.#settle(failed, new Cancelled('the future was cancelled'))) return false
    stop?.()
    return true
  }

  /**
   * The future of a function of the value.
   *
   * @example
   * CompletableFuture.completed(20).thenApply((n) => n + 1).getNow(0) // => 21
   */
  thenApply<B>(apply: (value: A) => B): CompletableFuture<B> {
    const next = this.#derive<B>()
    this.#react(() => {
      if (this.#status === failed) next.#settle(failed, this.#result)
      else next.#run(() => void next.#settle(completed, apply(this.#result as A)))
    })
    return next
  }

  /** The future that a function of the value gives: what Promises call `then`, and functional programmers `chain`. */
  thenCompose<B>(compose: (value: A) => PromiseLike<B>): CompletableFuture<B> {
    const next = this.#derive<B>()
    this.#react(() => {
      if (this.#status === failed) next.#settle(failed, this.#result)
      else next.#run(() => next.#follow(compose(this.#result as A)))
    })
    return next
  }

  /** The future of a function of this value and another one's. Both run at the same time. */
  thenCombine<B, C>(other: PromiseLike<B>, combine: (value: A, other: B) => C): CompletableFuture<C> {
    return CompletableFuture.allOf<[A, B]>([this, other]).thenApply(([a, b]) => combine(a, b))
  }

  /** Calls a function with the value; the future of its end. */
  thenAccept(accept: (value: A) => void): CompletableFuture<void> {
    return this.thenApply((value) => accept(value))
  }

  /** Calls a function after the value is there; the future of its end. */
  thenRun(run: () => void): CompletableFuture<void> {
    return this.thenApply(() => run())
  }

  /** The future of a function of how this one ended: the value, or `undefined` and the error. */
  handle<B>(handler: (value: A | undefined, error: unknown) => B): CompletableFuture<B> {
    const next = this.#derive<B>()
    this.#react(() => {
      next.#run(() => void next.#settle(completed, this.#outcome(handler)))
    })
    return next
  }

  /** Calls a function with how this one ended, and gives the same on; fails with what the function throws. */
  whenComplete(look: (value: A | undefined, error: unknown) => void): CompletableFuture<A> {
    const next = this.#derive<A>()
    this.#react(() => {
      next.#run(() => {
        this.#outcome(look)
        next.#settleAs(this)
      })
    })
    return next
  }

  /** The value, or what a function makes of the failure. */
  exceptionally<B = A>(recover: (error: unknown) => B): CompletableFuture<A | B> {
    const next = this.#derive<A | B>()
    this.#react(() => {
      if (this.#status === failed) next.#run(() => void next.#settle(completed, recover(this.#result)))
      else next.#settleAs(this)
    })
    return next
  }

  /** The value, or the future that a function makes of the failure. */
  exceptionallyCompose<B = A>(recover: (error: unknown) => PromiseLike<B>): CompletableFuture<A | B> {
    const next = this.#derive<A | B>()
    this.#react(() => {
      if (this.#status === failed) next.#run(() => next.#follow(recover(this.#result)))
      else next.#settleAs(this)
    })
    return next
  }

  /** Fails with `TimedOut` when there is no value within `timeoutMs`, and cancels the work behind it. */
  orTimeout(timeoutMs: number, timer: Timer = platformTimer): CompletableFuture<A> {
    return this.#within(timeoutMs, timer, (next) => {
      next.#settle(failed, new TimedOut(`no value within ${timeoutMs} ms`))
    })
  }

  /** Has the given value when there is none within `timeoutMs`; the work behind it is cancelled then. */
  completeOnTimeout(value: A, timeoutMs: number, timer: Timer = platformTimer): CompletableFuture<A> {
    return this.#within(timeoutMs, timer, (next) => {
      next.#settle(completed, value)
    })
  }

  /** What `await` calls: as of a Promise, the callbacks run in a microtask. */
  then<B = A, C = never>(
    onCompleted?: ((value: A) => B | PromiseLike<B>) | null,
    onFailed?: ((error: unknown) => C | PromiseLike<C>) | null,
  ): Promise<B | C> {
    return new Promise<A>((resolve, reject) => {
      this.#react(() => {
        if (this.#status === failed) reject(this.#result)
        else resolve(this.#result as A)
      })
    }).then(onCompleted, onFailed)
  }

  #settle(status: 1 | 2, result: unknown): boolean {
    if (this.#status !== pending) return false
    this.#status = status
    this.#result = result
    this.#onCancel = undefined
    const dependants = this.#dependants
    this.#dependants = undefined
    if (dependants !== undefined) runDependants(dependants)
    return true
  }

  #settleAs(other: CompletableFuture<unknown>): void {
    if (other.#status !== pending) this.#settle(other.#status, other.#result)
  }

  /** Ends as the given one will. */
  #follow(source: PromiseLike<unknown>): void {
    const future = CompletableFuture.from(source)
    if (this.#status === pending) this.#onCancel = () => void future.#release()
    future.#react(() => this.#settleAs(future))
  }

  /** Calls `action` once this has ended: now, if it has. */
  #react(action: (future: CompletableFuture<A>) => void): void {
    if (this.#status !== pending) return action(this)
    const dependant = (): void => action(this)
    if (this.#dependants === undefined) this.#dependants = dependant
    else if (Array.isArray(this.#dependants)) this.#dependants.push(dependant)
    else this.#dependants = [this.#dependants, dependant]
  }

  #derive<B>(): CompletableFuture<B> {
    const next = new CompletableFuture<B>()
    if (this.#status === pending) next.#onCancel = () => void this.#release()
    return next
  }

  /** One dependant needs this no more; with the last one the work is cancelled. */
  #release(): void {
    if (!Array.isArray(this.#dependants)) this.cancel()
  }

  #run(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#settle(failed, error)
    }
  }

  #outcome<B>(handler: (value: A | undefined, error: unknown) => B): B {
    return this.#status === failed ? handler(undefined, this.#result) : handler(this.#result as A, undefined)
  }

  #within(timeoutMs: number, timer: Timer, expire: (next: CompletableFuture<A>) => void): CompletableFuture<A> {
    if (this.#status !== pending) return this
    const next = this.#derive<A>()
    const stopTimer = timer.after(timeoutMs, () => {
      const stopWork = next.#onCancel
      expire(next)
      stopWork?.()
    })
    this.#react(() => {
      stopTimer()
      next.#settleAs(this)
    })
    return next
  }
}

const isThenable = <A>(value: A | PromiseLike<A>): value is PromiseLike<A> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
