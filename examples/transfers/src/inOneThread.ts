import { type Bank, stepMs } from './bank.ts'

/** How the chains went. */
export interface InOneThread {
  readonly perSecond: number
  /** The most that were under way at once. */
  readonly underWayMax: number
  /** From the moment at which a transfer was due to begin to its end, in ms. */
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface InOneThreadOptions {
  readonly perSecond: number
  readonly seconds: number
  readonly signal: AbortSignal
}

/**
 * Begins so many transfers a second in this thread, whether those before them are done or not, for some seconds: each a
 * chain of two steps.
 */
export const inOneThread = async (
  bank: Bank,
  { perSecond, seconds, signal }: InOneThreadOptions,
  onProgress: (settled: number, underWay: number) => void,
): Promise<InOneThread> => {
  const count = perSecond * seconds
  const latencies = new Float64Array(count)
  const begin = performance.now()
  let begun = 0
  let settled = 0
  let underWayMax = 0
  await new Promise<void>((resolve, reject) => {
    const transfer = (number: number): void => {
      bank
        .debit(1)
        .thenCompose((debited) => bank.credit(debited))
        .thenAccept(() => {
          latencies[number] = performance.now() - begin - (number / perSecond) * 1_000
          if (++settled === count) resolve()
        })
    }
    const tick = (): void => {
      if (signal.aborted) return reject(signal.reason)
      const due = Math.min(count, Math.floor(((performance.now() - begin) / 1_000) * perSecond))
      while (begun < due) transfer(begun++)
      underWayMax = Math.max(underWayMax, begun - settled)
      onProgress(settled, begun - settled)
      if (begun < count) setTimeout(tick, 1)
    }
    tick()
  })
  const tookSeconds = (performance.now() - begin - 2 * stepMs) / 1_000
  const sorted = latencies.sort()
  const at = (share: number): number => sorted[Math.floor(count * share)]!
  return { perSecond: count / tookSeconds, underWayMax, p50Ms: at(0.5), p99Ms: at(0.99) }
}
