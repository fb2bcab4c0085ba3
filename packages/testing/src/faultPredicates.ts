import { type Commit, InvalidOption } from '@weir/core'
import { seededRandom } from './seededRandom.ts'

/** A call of a storage that a fault may strike. */
export interface FaultCall {
  readonly operation: FaultOperation
  /** Present when the operation is 'commit'. */
  readonly commit?: Commit | undefined
  /** Present when the operation is 'read' or 'offsetAt': the partition's number in the storage. */
  readonly partition?: number | undefined
}

/** `open` is a call of the provider; the others are the asynchronous calls of the storage. */
export type FaultOperation = 'open' | 'commit' | 'read' | 'offsetAt'

/**
 * Which calls a fault strikes. A value: each wrapped storage asks it for a matcher of its own, which may count,
 * so that one plan serves any number of runs and strikes the same calls in each.
 */
export type FaultPredicate = () => (call: FaultCall) => boolean

/** Every call. */
export const always: FaultPredicate = () => () => true

/**
 * Calls of one operation.
 *
 * @example
 * on('commit')()({ operation: 'read' }) // => false
 */
export const on = (operation: FaultOperation): FaultPredicate => {
  if (!operations.includes(operation))
    throw new InvalidOption(`on: the operation is '${operation}'; expected one of ${operations.join(', ')}`)
  return () => (call) => call.operation === operation
}

const operations: ReadonlyArray<FaultOperation> = ['open', 'commit', 'read', 'offsetAt']

/**
 * The n-th call that it is asked about, and no other. Behind other predicates in `and` it counts what they let through:
 * `and(on('commit'), nth(3))` is the third commit.
 *
 * @param n - from 1 on
 * @throws InvalidOption
 */
export const nth = (n: number): FaultPredicate => {
  requireCount('nth', n)
  return () => {
    let seen = 0
    return () => ++seen === n
  }
}

/** Every n-th call that it is asked about: the n-th, the 2n-th and so on. Counts as `nth` does. */
export const everyNth = (n: number): FaultPredicate => {
  requireCount('everyNth', n)
  return () => {
    let seen = 0
    return () => ++seen % n === 0
  }
}

/**
 * Each call that it is asked about with this chance; the same ones for the same seed.
 *
 * @param chance - from 0 (none) to 1 (all)
 * @throws InvalidOption
 */
export const withChance = (chance: number, seed: number): FaultPredicate => {
  if (!(chance >= 0 && chance <= 1)) throw new InvalidOption(`withChance: the chance is ${chance}; expected 0 to 1`)
  return () => {
    const random = seededRandom(seed)
    return () => random.next() < chance
  }
}

/** Calls that pass a test of your own, such as commits that append to one partition. */
export const where =
  (test: (call: FaultCall) => boolean): FaultPredicate =>
  () =>
    test

/** Calls that all of the predicates hold for. They are asked in order, and no further after the first 'no': see `nth`. */
export const and =
  (...predicates: ReadonlyArray<FaultPredicate>): FaultPredicate =>
  () => {
    const matchers = predicates.map((predicate) => predicate())
    return (call) => matchers.every((matches) => matches(call))
  }

/** Calls that one of the predicates holds for. They are asked in order, and no further after the first 'yes'. */
export const or =
  (...predicates: ReadonlyArray<FaultPredicate>): FaultPredicate =>
  () => {
    const matchers = predicates.map((predicate) => predicate())
    return (call) => matchers.some((matches) => matches(call))
  }

/** Calls that the predicate does not hold for. */
export const not =
  (predicate: FaultPredicate): FaultPredicate =>
  () => {
    const matches = predicate()
    return (call) => !matches(call)
  }

const requireCount = (name: string, n: number): void => {
  if (!Number.isSafeInteger(n) || n < 1)
    throw new InvalidOption(`${name}: n is ${n}; expected a whole number from 1 on`)
}
