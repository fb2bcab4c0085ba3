/** How often a worker may end in a row without having committed anything; with one more the run fails. */
export const fruitlessEndsMax = 6

const firstDelayMs = 50
const delayMsMax = 2_000

/**
 * How long to wait before a worker is replaced, in ms: not at all when it got something done, or failed to for the
 * first time; then 50 ms and twice as long each time, 2 s at most.
 *
 * @param fruitlessEnds - how often it has ended in a row without having committed anything
 * @example
 * [0, 1, 2, 3, 9].map(restartDelay) // => [0, 0, 50, 100, 2000]
 */
export const restartDelay = (fruitlessEnds: number): number =>
  fruitlessEnds < 2 ? 0 : Math.min(firstDelayMs * 2 ** (fruitlessEnds - 2), delayMsMax)
