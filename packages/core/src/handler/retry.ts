import { optionNames } from '../log/optionNames.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { requireInteger } from '../log/Topic.ts'
import { InvalidOption, TerminalError } from '../model/errors.ts'
import type { Random } from '../ports/Random.ts'
import { systemRandom } from '../ports/systemRandom.ts'

/** How often a record is tried, and how long is waited in between. */
export interface Retry {
  /** All attempts, the first one included. */
  readonly attemptsMax: number
  /** How long to wait after the failed attempt of this number, from 1 on; in ms. */
  readonly delayMs: (attempt: number) => number
  /** Whether another attempt makes sense after this failure. Not asked about a `TerminalError`: none does. */
  readonly isWorthIt: (error: unknown) => boolean
}

/** What `exponential` is made of. */
export interface ExponentialOptions {
  /** All attempts, the first one included; 5 by default. */
  readonly attemptsMax?: number
  /** The wait after the first failed attempt, in ms; 1 000 by default. It doubles with each further one. */
  readonly delayMs?: number
  /** The longest wait, in ms; 60 000 by default. */
  readonly delayMsMax?: number
  /** Which part of each wait is left to chance, from 0 to 1; 0.2 by default: a wait is 80 to 100 % of what it would be. */
  readonly jitter?: number
  /** Whether another attempt makes sense after this failure; always by default. Not asked about a `TerminalError`: none does. */
  readonly when?: (error: unknown) => boolean
  /** The platform's own by default. */
  readonly random?: Random
}

const exponentialNames = optionNames<ExponentialOptions>({
  attemptsMax: true,
  delayMs: true,
  delayMsMax: true,
  jitter: true,
  when: true,
  random: true,
})

/**
 * Waits twice as long after each failed attempt: `min(delayMsMax, delayMs * 2^(attempt - 1))`, less a part by chance, so
 * that those that failed together do not all come back together. With the defaults 1, 2, 4 and 8 seconds: a record is
 * given up after at most 15.
 *
 * @throws InvalidOption
 * @example
 * exponential({ delayMs: 100, delayMsMax: 350, jitter: 0 }).delayMs(3) // => 350
 */
export const exponential = (options: ExponentialOptions = {}): Retry => {
  requireKnown('retry', options, exponentialNames)
  const { attemptsMax = 5, delayMs = 1_000, jitter = 0.2, when = always, random = systemRandom } = options
  const delayMsMax = options.delayMsMax ?? Math.max(60_000, delayMs)
  requireInteger('retry: attemptsMax', attemptsMax, 1, 1_000_000)
  requireInteger('retry: delayMs', delayMs, 1, Number.MAX_SAFE_INTEGER)
  requireInteger('retry: delayMsMax', delayMsMax, delayMs, Number.MAX_SAFE_INTEGER)
  if (typeof when !== 'function') {
    throw new InvalidOption(`retry: when is ${typeof when}; expected a function of the failure`)
  }
  if (!(jitter >= 0 && jitter <= 1)) {
    throw new InvalidOption(`retry: jitter is ${String(jitter)}; expected a number from 0 to 1`)
  }
  return {
    attemptsMax,
    delayMs: (attempt) => {
      const wait = Math.min(delayMsMax, delayMs * 2 ** (attempt - 1))
      return Math.max(1, Math.round(wait * (1 - jitter * random.next())))
    },
    isWorthIt: when,
  }
}

const always = (): boolean => true

/** Whether an attempt that failed is followed by another one: one is left, and the failure is none of which no attempt makes sense. */
export const isTriedAgain = (retry: Retry, attempt: number, error: unknown): boolean =>
  attempt < retry.attemptsMax && !(error instanceof TerminalError) && retry.isWorthIt(error)

/** One attempt only: what fails is exhausted at once. */
export const noRetry: Retry = { attemptsMax: 1, delayMs: () => 1, isWorthIt: () => false }
