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

export interface LatencyContest {
  /** How often each is called; the first tenth warms up and does not count. */
  readonly count: number
  readonly base: () => PromiseLike<unknown>
  readonly head: () => PromiseLike<unknown>
}

const callsInTurn = 25

/**
 * Measures how long each call of two things takes, one call after the other, in turns of 25 calls each.
 *
 * @returns what each call took, in ms
 */
export const latencies = async ({
  count,
  base,
  head,
}: LatencyContest): Promise<{ readonly base: ReadonlyArray<number>; readonly head: ReadonlyArray<number> }> => {
  const results = { base: [] as number[], head: [] as number[] }
  for (let turn = 0; turn < count / callsInTurn; turn++) {
    for (let call = 0; call < callsInTurn; call++) results.base.push(await msOf(base))
    for (let call = 0; call < callsInTurn; call++) results.head.push(await msOf(head))
  }
  return { base: results.base.slice(count / 10), head: results.head.slice(count / 10) }
}

const msOf = async (action: () => PromiseLike<unknown>): Promise<number> => {
  const start = performance.now()
  await action()
  return performance.now() - start
}

/** For measuring memory; between measurements of speed it would throw away compiled code, which a program does not do. */
export const collectGarbage = (): void => globalThis.gc?.()

/** Waits for at least so many milliseconds. */
export const sleep = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs))
