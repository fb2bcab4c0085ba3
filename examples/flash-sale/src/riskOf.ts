import { setTimeout as wait } from 'node:timers/promises'
import { rateLimiter, tokenBucket } from '@weir/messaging'
import { checksPerSecond } from './shop.ts'

/** The risk service did not answer. */
class RiskServiceDown extends Error {
  override readonly name = 'RiskServiceDown'
}

const calls = rateLimiter(tokenBucket({ ratePerSecond: checksPerSecond, burst: 5 }))
const latencyMs = 10
const failingShare = 0.01

/** Whom the risk service does not trust: each thirty-third buyer. */
export const isBlocked = (buyer: string): boolean => Number(buyer.slice('buyer-'.length)) % 33 === 0

/** Asks the risk service, a service of somebody else: it takes its time, fails now and then, and lets nobody ask too often. */
export const riskOf = async (buyer: string): Promise<'fine' | 'blocked'> => {
  await calls.take()
  await wait(latencyMs)
  if (Math.random() < failingShare) throw new RiskServiceDown('the risk service did not answer')
  return isBlocked(buyer) ? 'blocked' : 'fine'
}
