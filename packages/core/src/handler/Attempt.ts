import { msgpack } from '../codec/msgpack.ts'
import { isLeft } from 'fp-ts/lib/Either.js'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { RawRecord } from '../job/Operator.ts'
import type { AppendOptions } from '../log/recordMetadata.ts'
import { requireInteger, type Topic } from '../log/Topic.ts'
import type { ConsumedRecord } from '../model/ConsumedRecord.ts'
import { InvalidOption, StoreMismatch } from '../model/errors.ts'
import type { HandlerContext } from './HandlerContext.ts'
import type { Claim, IdempotentRows, RowClaimer } from './IdempotentRows.ts'

/** What attempts do by the hand of their task. */
export interface AttemptHost {
  readonly rows: IdempotentRows
  /** @throws EncodeFailed, RecordTooLarge, InvalidOption, UnknownTopic, TopicMismatch */
  encode(topic: Topic<unknown, unknown>, key: unknown, value: unknown, options: AppendOptions): RawRecord
  /** @throws EncodeFailed, InvalidOption, UnknownTopic for a record that cannot be sent there */
  check(topic: string, record: RawRecord): void
  /** Takes a record that was sent, and does with it what the delivery says. */
  send(attempt: SentBy, topic: string, record: RawRecord): void
}

/** A record that was sent, and where to. */
export interface Sent {
  readonly topic: string
  readonly record: RawRecord
}

/** Who sends. */
export interface SentBy {
  /** Keeps a record that was sent until the attempt settles well. */
  keep(sent: Sent): void
}

const nothing: ReadonlyArray<Sent> = []
const noClaims: ReadonlyMap<string, Claim> = new Map()
const noWaits: ReadonlyMap<string, RowClaimer> = new Map()

/** One call of a handler, from its beginning to its first outcome. */
export class Attempt<K, V> implements HandlerContext<K, V>, RowClaimer, SentBy {
  readonly record: ConsumedRecord<K, V>
  readonly attempt: number
  // made when they are needed: most attempts claim nothing
  claims: ReadonlyMap<string, Claim> = noClaims
  waitsFor: ReadonlyMap<string, RowClaimer> = noWaits
  /** What the handler has returned. */
  result: CompletableFuture<unknown> | undefined
  /** Ends the bound of its time. */
  stopTimer: (() => void) | undefined
  readonly #host: AttemptHost
  #isOver = false
  /** Why it was cut off, if it was. */
  #cutOff: string | undefined
  #cancelled: CompletableFuture<void> | undefined
  #sends: Sent[] | undefined

  constructor(host: AttemptHost, record: ConsumedRecord<K, V>, attempt: number) {
    this.#host = host
    this.record = record
    this.attempt = attempt
  }

  get sends(): ReadonlyArray<Sent> {
    return this.#sends ?? nothing
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get cancelled(): CompletableFuture<void> {
    if (this.#cutOff !== undefined) return CompletableFuture.completed(undefined)
    this.#cancelled ??= new CompletableFuture<void>()
    return this.#cancelled.shield()
  }

  /** Keeps a record that was sent until the attempt settles well. */
  keep(sent: Sent): void {
    this.#sends ??= []
    this.#sends.push(sent)
  }

  /** It has its outcome: what comes now is too late. */
  end(): void {
    this.#isOver = true
    this.stopTimer?.()
  }

  /**
   * Nothing of it will count.
   *
   * @param why - what cuts it off
   */
  cancel(why: string): void {
    this.#cutOff = why
    this.end()
    this.#cancelled?.complete(undefined)
    this.result?.cancel()
  }

  // handlers take these out of their context; each is made when it is

  get send(): HandlerContext<K, V>['send'] {
    return (topic, key, value, options = {}) => {
      this.#require('send')
      const record = this.#host.encode(topic as unknown as Topic<unknown, unknown>, key, value, options)
      this.#host.send(this, topic.name, record)
    }
  }

  get sendTo(): HandlerContext<K, V>['sendTo'] {
    return (topic, record) => {
      this.#require('sendTo')
      this.#host.check(topic, record)
      this.#host.send(this, topic, record)
    }
  }

  get once(): HandlerContext<K, V>['once'] {
    return (id) =>
      this.#claim('once', `o${requireId('once', id)}`).thenApply((claim) => {
        if (claim.found !== null || claim.change !== undefined) return false
        claim.change = done
        return true
      })
  }

  get whenVersion(): HandlerContext<K, V>['whenVersion'] {
    return (key, version) => {
      requireInteger('whenVersion: version', version, 0, Number.MAX_SAFE_INTEGER - 1)
      return this.#claim('whenVersion', `v${requireId('whenVersion', key)}`).thenApply((claim) => {
        if (version !== versionIn(claim.change ?? claim.found)) return false
        claim.change = versionRow(version + 1)
        return true
      })
    }
  }

  get recordAndCheck(): HandlerContext<K, V>['recordAndCheck'] {
    return <A>(id: string, make: () => A | PromiseLike<A>) =>
      this.#claim('recordAndCheck', `r${requireId('recordAndCheck', id)}`).thenCompose((claim) => {
        const present = claim.change ?? claim.found
        if (present !== null) return CompletableFuture.completed(resultIn(id, present) as A)
        const making = (claim.making ??= CompletableFuture.supply(make))
        return making.shield().thenApply((result) => {
          // not when it was discarded meanwhile
          if (claim.making === making) claim.change = results.encode(result)
          return result as A
        })
      })
  }

  get discard(): HandlerContext<K, V>['discard'] {
    return () => {
      this.#require('discard')
      this.#sends = undefined
      for (const claim of this.claims.values()) {
        claim.change = undefined
        claim.making = undefined
      }
    }
  }

  #claim(method: string, name: string): CompletableFuture<Claim> {
    this.#require(method)
    return this.#host.rows.claim(this, name)
  }

  #require(method: string): void {
    if (!this.#isOver) return
    const { topic, partition, offset } = this.record
    const end =
      this.#cutOff === undefined
        ? 'was over; expected it before the handler returns, or before its future is done'
        : `was cut off: ${this.#cutOff}. Nothing of it counts; expected the handler to end when 'cancelled' completes`
    throw new InvalidOption(
      `${method}() after attempt ${this.attempt} at the record at offset ${offset} of '${topic}', partition ${partition}, ${end}`,
    )
  }
}

const requireId = (method: string, id: string): string => {
  if (typeof id === 'string' && id !== '') return id
  throw new InvalidOption(`${method}: the id is ${JSON.stringify(id)}; expected text that is not empty`)
}

const done = new Uint8Array(1)
const results = msgpack()

const resultIn = (id: string, row: Uint8Array): unknown => {
  const decoded = results.decode(row)
  if (isLeft(decoded)) throw new StoreMismatch(`recordAndCheck('${id}'): the kept result cannot be read`)
  return decoded.right
}

const versionIn = (row: Uint8Array | null): number =>
  row === null ? 0 : new DataView(row.buffer, row.byteOffset, 8).getFloat64(0)

const versionRow = (version: number): Uint8Array => {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, version)
  return bytes
}
