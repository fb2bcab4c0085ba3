import { InvariantViolated } from './errors.ts'

/**
 * States what must hold. On in production: a broken assumption stops the work instead of spreading.
 *
 * @param message - what should have held, with the values that show that it did not
 * @throws InvariantViolated when `condition` is false
 * @example
 * invariant(1 + 1 === 2, 'arithmetic') // => undefined
 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolated(message)
}
