import { Cancelled } from '../../model/errors.ts'

/** Waits for nothing: somebody completes it. */
const none = 0
/** The dependant gets a function of the value. */
export const apply = 1
/** The dependant ends after a function of the value. */
export const accept = 2
/** The dependant ends after a function of nothing. */
export const run = 3
/** The dependant gets a function of the outcome. */
export const handle = 4
/** The dependant gets the outcome after a function has seen it. */
export const observe = 5
/** The dependant gets a function of the failure. */
export const recover = 6
/** The dependant follows the future that a function of the value gives. */
export const compose = 7
/** The dependant follows the future that a function of the failure gives. */
export const recoverCompose = 8
/** Takes over the outcome of its source. */
const adopt = 9
/** As `adopt`, but cancelling it leaves the source alone. */
export const shield = 10
/** As `adopt`, and its callback stops a timer as soon as it is completed, by whomever. */
const timed = 11

/** What a dependant does when the future that it waits for has completed. */
export type Step =
  | typeof apply
  | typeof accept
  | typeof run
  | typeof handle
  | typeof observe
  | typeof recover
  | typeof compose
  | typeof recoverCompose
  | typeof adopt
  | typeof shield

const pending = 0
const completed = 1
const failed = 2
type Status = typeof pending | typeof completed | typeof failed

/** So many callbacks of `compose` may run inside one another before the next ones wait for the outermost to return. */
const nestedMax = 100

// Dependants whose source is done, linked by #next in the order in which they are to run. Completing a future moves its
// dependants here in one step; whoever is not already inside `drain` then runs them, so no chain, however long, is ever
// a recursion.
let ready: Settleable<any> | undefined
let readyLast: Settleable<any> | undefined
let draining = false
let nested = 0

const nothing = (): void => {}

/**
 * The machinery below CompletableFuture: an outcome, and the dependants that wait for it.
 *
 * A dependant is itself a future and carries its own step, so that waiting costs no object besides it. The dependants of
 * a future are a list linked through them (`#previous` of the first is the last), so that adding, removing and handing
 * over are O(1).
 *
 * ```
 *   pending --succeed, fail, abandon--> completed | failed, and never back
 *
 *   waiting (in the list of #source) --source done--> ready (in the queue) --drain--> its step has run
 *      ^------------------- the step was `compose` and gave a pending future ------------------'
 * ```
 */
export class Settleable<A> {
  #status: Status = pending
  #step: Step | typeof none | typeof timed = none
  /** The value or the failure when done; until then the step's callback. */
  #content: unknown = undefined
  /** What it waits for, or the action that stops the work that will complete it. */
  #source: Settleable<any> | (() => void) | undefined = undefined
  #dependants: Settleable<any> | undefined = undefined
  #next: Settleable<any> | undefined = undefined
  #previous: Settleable<any> | undefined = undefined

  protected get pending(): boolean {
    return this.#status === pending
  }

  protected get completed(): boolean {
    return this.#status === completed
  }

  protected get failed(): boolean {
    return this.#status === failed
  }

  /** The value or the failure; to be read when done. */
  protected get content(): unknown {
    return this.#content
  }

  protected succeed(value: A): boolean {
    if (this.#status !== pending) return false
    this.#settle(completed, value)
    return true
  }

  protected fail(error: unknown): boolean {
    if (this.#status !== pending) return false
    this.#settle(failed, error ?? new Error(`failed without a reason: ${String(error)}`))
    return true
  }

  /** Says how to stop the work that will complete this. Called once, when this is cancelled; at once when it already is. */
  protected onCancel(action: () => void): void {
    if (this.#status === pending) this.#source = action
    else if (this.#content instanceof Cancelled) action()
  }

  /** Hangs the target on this: its step runs when this is done, which may be now. */
  protected attach<T extends Settleable<any>>(target: T, step: Step, callback: unknown): T {
    target.#step = step
    target.#content = callback
    target.#source = this
    if (this.#status === pending) this.#link(target)
    else target.#runStep()
    return target
  }

  /** As `attach`, for callbacks that give a future and so may call themselves: more than `nestedMax` deep they wait. */
  protected attachNested<T extends Settleable<any>>(target: T, step: Step, callback: unknown): T {
    if (this.#status === pending) return this.attach(target, step, callback)
    if (nested >= nestedMax) {
      target.#step = step
      target.#content = callback
      target.#source = this
      Settleable.#enqueue(target, target)
      return target
    }
    nested += 1
    try {
      this.attach(target, step, callback)
    } finally {
      nested -= 1
    }
    if (nested === 0 && ready !== undefined && !draining) Settleable.#drain()
    return target
  }

  /** Hangs the target on this, and starts a timer that is stopped as soon as the target is done. */
  protected attachTimed<T extends Settleable<any>>(target: T, start: () => () => void): T {
    this.attach(target, adopt, nothing)
    if (target.#status !== pending) return target
    target.#step = timed
    const stop = start()
    if (target.#status === pending) target.#content = stop
    else stop()
    return target
  }

  /** Takes over the outcome of what a callback gave, now or when it has one. */
  protected follow(inner: PromiseLike<A>): void {
    if (inner instanceof Settleable) {
      if (inner === (this as unknown)) this.fail(new TypeError('a future cannot wait for itself'))
      else inner.attach(this, adopt, undefined)
    } else if (typeof inner?.then === 'function') {
      inner.then(
        (value) => void this.succeed(value),
        (error: unknown) => void this.fail(error),
      )
    } else this.fail(new TypeError(`expected a future or a promise, got ${inner === null ? 'null' : typeof inner}`))
  }

  /** Fails this, and cancels what it waits for unless something else waits for that too; so on up to the source. */
  protected abandonWith(error: unknown): boolean {
    return this.#abandon(failed, error)
  }

  /** As `abandonWith`, with a value instead of a failure. */
  protected abandonFor(value: A): boolean {
    return this.#abandon(completed, value)
  }

  /** Ends the waiting of this and lets its source go on. */
  protected detach(): void {
    const source = this.#source
    if (source instanceof Settleable && source.#status === pending) source.#unlink(this)
    this.#source = undefined
  }

  #abandon(status: Status, content: unknown): boolean {
    if (this.#status !== pending) return false
    let source = this.#leave(status, content)
    if (source === undefined) return true
    const cancelled = content instanceof Cancelled ? content : new Cancelled('nothing waits for this future any more')
    while (source !== undefined) source = source.#leave(failed, cancelled)
    return true
  }

  /** Settles this, stops its work, and returns its source if that is to be cancelled in turn. */
  #leave(status: Status, content: unknown): Settleable<any> | undefined {
    const source = this.#source
    const shielded = this.#step === shield
    this.#settle(status, content)
    if (typeof source === 'function') source()
    else if (source !== undefined && !shielded && source.#status === pending && source.#dependants === undefined)
      return source
    return undefined
  }

  #settle(status: Status, content: unknown): void {
    if (this.#step === timed) (this.#content as () => void)()
    if (this.#source !== undefined) this.detach()
    this.#status = status
    this.#content = content
    const first = this.#dependants
    if (first === undefined) return
    this.#dependants = undefined
    Settleable.#enqueue(first, first.#previous as Settleable<any>)
    if (!draining) Settleable.#drain()
  }

  #runStep(): void {
    if (this.#status !== pending) return
    const source = this.#source as Settleable<any>
    this.#source = undefined
    const callback = this.#content as (...outcome: ReadonlyArray<unknown>) => any
    let status = source.#status
    let content = source.#content
    const good = status === completed
    try {
      switch (this.#step) {
        case apply:
          if (good) content = callback(content)
          break
        case accept:
          if (good) content = void callback(content)
          break
        case run:
          if (good) content = void callback()
          break
        case handle:
          content = good ? callback(content, undefined) : callback(undefined, content)
          status = completed
          break
        case observe:
          if (good) callback(content, undefined)
          else callback(undefined, content)
          break
        case recover:
          if (!good) content = callback(content)
          status = completed
          break
        case compose:
          if (good) return this.#compose(callback(content))
          break
        case recoverCompose:
          if (!good) return this.#compose(callback(content))
          break
        default:
      }
    } catch (error) {
      // An observer of a failure that fails itself does not hide the cause: the first failure stays, as in Java.
      if (this.#step !== observe || good) return void this.fail(error)
    }
    if (this.#status === pending) this.#settle(status, content)
  }

  #compose(inner: PromiseLike<A>): void {
    if (this.#status !== pending) return
    this.#content = undefined
    this.follow(inner)
  }

  #link(target: Settleable<any>): void {
    const first = this.#dependants
    if (first === undefined) this.#dependants = target
    else {
      const last = first.#previous as Settleable<any>
      last.#next = target
      target.#previous = last
    }
    ;(first ?? target).#previous = target
  }

  #unlink(target: Settleable<any>): void {
    const next = target.#next
    const previous = target.#previous as Settleable<any>
    const first = this.#dependants as Settleable<any>
    if (target === first) this.#dependants = next
    else previous.#next = next
    if (next !== undefined) next.#previous = previous
    else if (target !== first) first.#previous = previous
    target.#next = undefined
    target.#previous = undefined
  }

  /** Moves a list of dependants to the end of the queue. */
  static #enqueue(first: Settleable<any>, last: Settleable<any>): void {
    if (readyLast === undefined) ready = first
    else readyLast.#next = first
    readyLast = last
  }

  /** Runs the steps of the queue until it is empty. */
  static #drain(): void {
    const outer = nested
    draining = true
    nested = 0
    try {
      for (let each = ready; each !== undefined; each = ready) {
        ready = each.#next
        if (ready === undefined) readyLast = undefined
        each.#next = undefined
        each.#previous = undefined
        each.#runStep()
      }
    } finally {
      draining = false
      nested = outer
    }
  }
}
