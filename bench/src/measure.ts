/** The middle of the values. */
export const median = (values: ReadonlyArray<number>): number => percentile(values, 50)

/** The smallest value that so many percent of the values do not exceed. */
export const percentile = (values: ReadonlyArray<number>, percent: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}

/** How many a second. */
export const rateOf = async (count: number, action: () => unknown): Promise<number> => {
  const start = performance.now()
  await action()
  return (count / (performance.now() - start)) * 1000
}

export interface Contest {
  /** How often each is measured, beside the rounds before that do not count. */
  readonly rounds: number
  readonly base: () => Promise<number>
  readonly head: () => Promise<number>
}

/** Rounds that do not count: by then what is measured runs compiled. */
const warmUpRoundsMax = 2

/**
 * Measures two things in turns, base head head base, so that a drift of the machine meets both alike.
 *
 * @returns the median of each
 */
export const contest = async ({
  rounds,
  base,
  head,
}: Contest): Promise<{ readonly base: number; readonly head: number }> => {
  const results = { base: [] as number[], head: [] as number[] }
  const run = async (name: 'base' | 'head'): Promise<void> => {
    results[name].push(await (name === 'base' ? base() : head()))
  }
  const warmUpRounds = Math.min(warmUpRoundsMax, rounds)
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    for (const name of round % 2 === 0 ? (['base', 'head'] as const) : (['head', 'base'] as const)) await run(name)
  }
  return { base: median(results.base.slice(warmUpRounds)), head: median(results.head.slice(warmUpRounds)) }
}

/** For measuring memory; between measurements of speed it would throw away compiled code, which a program does not do. */
export const collectGarbage = (): void => globalThis.gc?.()

/** Waits for at least so many milliseconds. */
export const sleep = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs))
