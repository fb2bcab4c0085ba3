// A gateway: gateway.ts FOLDER NUMBER. It takes purchases over HTTP, and answers when their reply has come.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json as readJson } from 'node:stream/consumers'
import { BufferFull, type CompletableFuture, TimedOut, Weir } from '@weir/core'
import { LimitExceeded, openRequester, sharedRateLimiter, tokenBucket } from '@weir/messaging'
import { lmdb } from '@weir/storage-lmdb'
import { logIn } from './folders.ts'
import { type Outcome, type Told } from './Outcome.ts'
import { serveParent } from './serveParent.ts'
import {
  admittedPerSecond,
  answers,
  answerWithinMs,
  isPurchase,
  type Purchase,
  purchases,
  startWithinMs,
} from './shop.ts'

const [, , folder = '', number = ''] = process.argv
const weir = await Weir.open(lmdb(logIn(folder)))
const asker = await openRequester(weir, {
  requests: purchases,
  replies: answers,
  replyWithinMs: answerWithinMs,
  startWithinMs,
  partition: Number(number),
})
// one door, of however many gateways; nobody waits there who would not get in soon. Permits are leased for longer than the
// event loop of a busy machine may take, or they would go back unused; and the bucket holds what comes in while a commit is slow
const bucket = tokenBucket({ ratePerSecond: admittedPerSecond, burst: admittedPerSecond / 2 })
const door = sharedRateLimiter(weir, 'door', bucket, { leaseMs: 100, waitingMax: 32 })

const statuses: Readonly<Record<Outcome, number>> = {
  accepted: 200,
  rejected: 403,
  'sold-out': 409,
  'turned-away': 429,
  failed: 500,
  'timed-out': 504,
}

const buy = (purchase: Purchase): CompletableFuture<Told> =>
  door
    .take()
    .thenCompose(() => asker.ask(purchase.item, purchase))
    .thenApply(({ value: { outcome, unit } }): Told => ({ outcome, unit }))
    .exceptionally((error): Told => ({ outcome: outcomeOf(error), unit: null }))

const outcomeOf = (error: unknown): Outcome => {
  if (error instanceof LimitExceeded || error instanceof BufferFull) return 'turned-away'
  if (error instanceof TimedOut) return 'timed-out'
  console.error(error)
  return 'failed'
}

const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const purchase = await readJson(request).catch(() => undefined)
  if (request.method !== 'POST' || request.url !== '/purchases' || !isPurchase(purchase)) {
    response.writeHead(400).end('expected POST /purchases with { id, buyer, item }\n')
    return
  }
  const told = await buy(purchase)
  response.writeHead(statuses[told.outcome], { 'content-type': 'application/json' }).end(JSON.stringify(told))
}

// whoever asks ends a connection that is idle: if both did, a busy machine would let a request go out on one that is just being ended
const server = createServer({ keepAliveTimeout: 0 }, (request, response) => void serve(request, response))
server.listen(0, '127.0.0.1', () =>
  serveParent({ _tag: 'Ready', port: (server.address() as AddressInfo).port }, async () => {
    server.close()
    server.closeAllConnections()
    await asker.close()
    await weir.close()
  }),
)
