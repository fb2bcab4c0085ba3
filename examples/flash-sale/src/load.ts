import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { buyers } from './buyers.ts'
import { isTold, type Outcome } from './Outcome.ts'
import type { Purchase } from './shop.ts'

/** A purchase that was asked for, and what became of it for its buyer. */
export interface Asked {
  readonly purchase: Purchase
  readonly outcome: Outcome
  readonly unit: number | null
  /** From the request to its answer. */
  readonly ms: number
}

/** How much is asked, of whom, and for how long. */
export interface LoadOptions {
  /** The ports of the gateways; they are asked in turn. */
  readonly ports: ReadonlyArray<number>
  readonly requestsPerSecond: number
  readonly durationMs: number
  readonly signal: AbortSignal
  readonly onAsked: (asked: Asked) => void
}

const tickMs = 10
/** So many at most wait for an answer at once; more buyers do not get hold of the shop. */
export const inFlightMax = 1_000
/** Of each gateway: enough for all that may be waiting there. */
const connections = 512

/**
 * Sends purchases at a rate of its own, whether they are answered or not, as buyers do.
 *
 * @returns how many, once the last one has its answer
 */
export const load = async (options: LoadOptions): Promise<number> => {
  const { ports, requestsPerSecond, durationMs, signal, onAsked } = options
  const pools = ports.map((port) => new Pool(`http://127.0.0.1:${port}`, { connections }))
  const next = buyers()
  const under: Set<Promise<void>> = new Set()
  const begin = performance.now()
  let sent = 0
  try {
    for (let elapsed = 0; elapsed < durationMs && !signal.aborted; elapsed = performance.now() - begin) {
      for (; sent < (requestsPerSecond * elapsed) / 1_000 && under.size < inFlightMax; sent++) {
        const asking = ask(pools[sent % pools.length]!, next()).then(onAsked)
        under.add(asking)
        void asking.finally(() => under.delete(asking))
      }
      await wait(tickMs)
    }
    await Promise.all(under)
    return sent
  } finally {
    await Promise.all(pools.map((pool) => pool.destroy()))
  }
}

const ask = async (pool: Pool, purchase: Purchase): Promise<Asked> => {
  const begin = performance.now()
  const told = await pool
    .request({
      method: 'POST',
      path: '/purchases',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(purchase),
    })
    .then(({ body }) => body.json())
    .catch((error: unknown) => console.error(`${purchase.id} was not answered: ${String(error)}`))
  const { outcome, unit } = isTold(told) ? told : { outcome: 'failed' as const, unit: null }
  return { purchase, outcome, unit, ms: performance.now() - begin }
}
