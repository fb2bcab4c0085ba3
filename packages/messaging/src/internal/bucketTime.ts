import { InvalidOption } from '@weir/core'

/** Clocks of one machine differ by less, where threads read them at nearly the same time; more is a clock set back. */
const backMsMax = 1_000

/** Sums of fractions come out a little off; this much of a permit is given away for it. */
export const rounding = 1e-9

/** The time that a bucket goes by from now on, and how much of it has passed since the last one. */
export const passed = (atMs: number, nowMs: number): { readonly atMs: number; readonly elapsedMs: number } => {
  if (nowMs >= atMs) return { atMs: nowMs, elapsedMs: nowMs - atMs }
  return { atMs: atMs - nowMs > backMsMax ? nowMs : atMs, elapsedMs: 0 }
}

/** @throws InvalidOption unless the number is finite and at least `min`, or above it when that is 0 */
export const requireAmount = (what: string, given: number, min: number): void => {
  if (Number.isFinite(given) && (min === 0 ? given > 0 : given >= min)) return
  throw new InvalidOption(
    `${what} is ${String(given)}; expected a finite number ${min === 0 ? 'above 0' : `of at least ${min}`}`,
  )
}
