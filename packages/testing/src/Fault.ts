import { InvalidOption, StorageFull, type WeirError } from '@weir/core'
import { requireFunction, unexpected } from '@weir/core/protocol'
import type { FaultPredicate } from './faultPredicates.ts'

/** What goes wrong with a call. Made by `crashBefore`, `crashDuring`, `crashAfter`, `failWith`, `unknownOutcome`, `fencedOff` and `slow`. */
export type Fault =
  | { readonly kind: 'crash'; readonly applied: boolean; readonly delayMs?: number }
  | { readonly kind: 'fence' }
  | { readonly kind: 'fail'; readonly error: WeirError }
  | { readonly kind: 'unknownOutcome' }
  | { readonly kind: 'slow'; readonly delayMs: number }

/** A fault, and which calls it strikes. */
export interface FaultRule {
  readonly when: FaultPredicate
  readonly fault: Fault
}

/** Rules in order: the first one that matches a call strikes. Rules behind it are not asked about that call. */
export type FaultPlan = ReadonlyArray<FaultRule>

/**
 * One rule of a plan.
 *
 * @throws InvalidOption
 * @example
 * const plan = [
 *   strike(and(on('commit'), nth(3)), crashAfter),
 *   strike(and(on('commit'), withChance(0.1, 7)), storageFull),
 *   strike(on('read'), slow(20)),
 * ]
 */
export const strike = (when: FaultPredicate, fault: Fault): FaultRule => {
  requireFunction('strike: when', when)
  if (!isFault(fault)) throw new InvalidOption(unexpected('strike: the fault', fault, 'one such as crashAfter'))
  return { when, fault }
}

const kinds: ReadonlyArray<unknown> = ['crash', 'fence', 'fail', 'unknownOutcome', 'slow'] satisfies Array<
  Fault['kind']
>

const isFault = (given: unknown): boolean => kinds.includes((given as Partial<Fault> | null | undefined)?.kind)

/** @throws InvalidOption for what is no plan */
export const requirePlan = (what: string, plan: unknown): void => {
  if (!Array.isArray(plan)) throw new InvalidOption(unexpected(what, plan, 'an array of what strike() gives'))
  plan.forEach((rule: unknown, nth) => {
    const { when, fault } = (rule ?? {}) as Partial<FaultRule>
    if (typeof when === 'function' && isFault(fault)) return
    throw new InvalidOption(unexpected(`${what}: rule ${nth}`, rule, 'what strike() gives'))
  })
}

/**
 * The process dies before the call takes effect. Commits called earlier are durable, this one and later ones are not.
 * The call and everything later fails with `StorageFailed`.
 */
export const crashBefore: Fault = { kind: 'crash', applied: false }

/**
 * The process dies after the call took effect and before anyone learns so. Commits called earlier and this one are
 * durable, later ones are not. The call and everything later fails with `StorageFailed`.
 */
export const crashAfter: Fault = { kind: 'crash', applied: true }

/**
 * The process dies while the commit is on its way: it goes on working for a while, until the commit takes effect, and what
 * it calls meanwhile is lost. Otherwise as `crashAfter`.
 *
 * @param delayMs - how long the commit is on its way; at least 0
 * @throws InvalidOption
 */
export const crashDuring = (delayMs: number): Fault => {
  requireDelay('crashDuring', delayMs)
  return { kind: 'crash', applied: true, delayMs }
}

/**
 * Just before the commit takes effect, the next epoch of whoever owns what it is about begins, as when another has taken it
 * for dead: the commit is refused with `EpochFenced`, in the middle of its work. A commit without a fence goes through.
 */
export const fencedOff: Fault = { kind: 'fence' }

/** The call fails and has no effect; the storage goes on. */
export const failWith = (error: WeirError): Fault => ({ kind: 'fail', error })

/** The disk is full: the call fails with `StorageFull` and has no effect; the storage goes on. */
export const storageFull: Fault = failWith(new StorageFull('the storage has no room: injected by the test'))

/**
 * The commit is applied and durable, but answered with `StorageFailed`, as when the disk fails on the way.
 * Later commits are refused with it as well; reads go on. For any other operation it is a plain failure.
 */
export const unknownOutcome: Fault = { kind: 'unknownOutcome' }

/**
 * The call takes so much longer, by the clock of the wrapper. Commits behind a slow one wait for it.
 *
 * @param delayMs - at least 0
 * @throws InvalidOption
 */
export const slow = (delayMs: number): Fault => {
  requireDelay('slow', delayMs)
  return { kind: 'slow', delayMs }
}

const requireDelay = (name: string, delayMs: number): void => {
  if (!(delayMs >= 0)) throw new InvalidOption(`${name}: the delay is ${delayMs} ms; expected at least 0`)
}
