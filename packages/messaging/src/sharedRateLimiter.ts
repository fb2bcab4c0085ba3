import { CompletableFuture, InvalidOption, StorageClosed, validateName, type Weir } from '@weir/core'
import { optionNames, requireInteger, requireKnown } from '@weir/core/protocol'
import type { Bucket } from './Bucket.ts'
import { KeyedLines } from './internal/KeyedLines.ts'
import { leasePlan } from './internal/leasePlan.ts'
import { requireBucket } from './internal/requireBucket.ts'
import { LimitSweep } from './internal/limitRow.ts'
import { SharedLine, type SharedLimit } from './internal/SharedLine.ts'
import type { RateLimiter } from './RateLimiter.ts'
import { tokenBucket } from './tokenBucket.ts'

/** The bounds of a shared limiter. */
export interface SharedRateLimiterOptions {
  /** How long permits may be kept by a process before they are used; 20 ms by default. */
  readonly leaseMs?: number
  /** How many keys are remembered in this process; 100 000 by default. */
  readonly keysMax?: number
  /** How many callers of this process may wait for one key; 10 000 by default. With a leaky bucket that is its capacity. */
  readonly waitingMax?: number
}

const sharedRateLimiterOptionNames = optionNames<SharedRateLimiterOptions>({
  leaseMs: true,
  keysMax: true,
  waitingMax: true,
})

/** A limiter that all processes over one storage share. */
export interface SharedRateLimiter extends RateLimiter {
  /**
   * Takes a permit if there is one now and nobody waits for it; answers whether. For doors that turn away rather than queue.
   * It is known at once when this process has one in hand or the bucket is known to be empty, and when a commit says so
   * otherwise.
   */
  tryTake(key?: string): CompletableFuture<boolean>
  /**
   * Gives the name up, which may have another bucket then: callers that wait, and all who come later, fail with StorageClosed. What
   * was taken and not used is lost. It is closed with its Weir.
   */
  close(): void
}

/**
 * A rate limit that all processes over one storage keep together. Those that give it one name share it, and give it the same
 * bucket: another one in one Weir is refused until all limiters there that have the first are closed, and while processes of two
 * releases bring two, as much is let through as the larger burst and the larger rate allow. What is in store counts on under another
 * bucket: what has come in since the last permit by its rate, up to its burst, and what was promised ahead is made up by it.
 *
 * The bucket is a row for each key, and permits are taken out of it for all that wait at once, by commits that expect the row
 * as it was read: one at most for half of `leaseMs` in each process and key, however many permits that are. Each permit has its
 * time, which for those who wait may lie ahead, as far as until the commit after the next one; it is used within `leaseMs`
 * from then on, or put back as far as the bucket would have had room for it. When a process is killed, what it has taken is lost.
 *
 * With a token bucket, in any window of w seconds all processes together are given at most `burst + ratePerSecond * w`
 * permits of a key. For that the row keeps less than `burst` in store, by what comes in while a lease lasts. The whole rate is
 * reached, however slow commits are, when `burst` is at least `1 + ratePerSecond * leaseMs / 1000`, and less otherwise.
 * With a leaky bucket each process spaces its own permits evenly, and all together are given at most
 * `1 + ratePerSecond * (w + 2 * leaseMs / 1000)`.
 *
 * It goes by the machine's time, which counts whole milliseconds: so exact it is. Each jump of it forwards may let one more
 * `burst` through, and where commits are slow what comes in during three of them; set back by less than a second, it gives nothing until that is made up, and further back it loses what
 * had filled up since the last permit.
 *
 * @param name - as a topic's: `^[A-Za-z0-9._-]{1,249}$`
 * @returns fails takers as `RateLimiter` says, with StorageClosed when it or the Weir is closed, and with what a commit failed with
 * @throws InvalidName, InvalidOption
 * @example
 * import { Weir } from '@weir/core'
 * import { memory } from '@weir/testing'
 *
 * const weir = await Weir.open(memory())
 * const limiter = sharedRateLimiter(weir, 'mail', tokenBucket({ ratePerSecond: 100, burst: 20 }))
 * await limiter.take('customer-1') // => undefined
 */
export const sharedRateLimiter = (
  weir: Weir,
  name: string,
  bucket: Bucket,
  options: SharedRateLimiterOptions = {},
): SharedRateLimiter => {
  const { leaseMs = 20, keysMax = 100_000, waitingMax = 10_000 } = options
  validateName('rate limit', name)
  requireKnown(`rate limit '${name}'`, options, sharedRateLimiterOptionNames)
  requireInteger(`rate limit '${name}': leaseMs`, leaseMs, 1, 10_000)
  requireInteger(`rate limit '${name}': keysMax`, keysMax, 1, 2 ** 31)
  requireInteger(`rate limit '${name}': waitingMax`, waitingMax, 1, 2 ** 31)
  requireBucket(`rate limit '${name}'`, bucket)
  const { ratePerSecond, size } = bucket
  const isLeaky = bucket.kind === 'leaky'
  const burst = isLeaky ? 1 + (2 * ratePerSecond * leaseMs) / 1_000 : size
  const shared = tokenBucket(leasePlan({ ratePerSecond, burst }, leaseMs))
  const { storage, clock } = weir
  const limit: SharedLimit = {
    storage,
    clock,
    name,
    bucket: shared,
    spacing: isLeaky ? tokenBucket({ ratePerSecond, burst: 1 }) : undefined,
    leaseMs,
    waitingMax: isLeaky ? Math.floor(size) : waitingMax,
    sweep: new LimitSweep(storage.rows, name, shared),
  }
  return new Shared(weir, keysMax, limit, holdName(weir, name, bucket))
}

/** The bucket of each limit of a Weir, and how many limiters have it. */
const held = new WeakMap<Weir, Map<string, { readonly bucket: Bucket; count: number }>>()

/**
 * Two buckets over one row would let through what neither of them says.
 *
 * @returns what gives the name up, to be called once
 */
const holdName = (weir: Weir, name: string, bucket: Bucket): (() => void) => {
  const own = held.get(weir) ?? new Map<string, { readonly bucket: Bucket; count: number }>()
  held.set(weir, own)
  const first = own.get(name) ?? { bucket, count: 0 }
  const [given, expected] = [bucket, first.bucket].map(
    ({ kind, ratePerSecond, size }) => `a ${kind} bucket of ${size} at ${ratePerSecond} a second`,
  )
  if (given !== expected) {
    throw new InvalidOption(
      `rate limit '${name}' is given ${given}; expected ${expected}, as before; to change it, close() the limiters of this Weir that have it`,
    )
  }
  first.count++
  own.set(name, first)
  return () => {
    if (--first.count === 0) own.delete(name)
  }
}

class Shared implements SharedRateLimiter {
  readonly #name: string
  readonly #lines: KeyedLines<SharedLine>
  readonly #giveUpName: () => void
  readonly #stopListening: () => void
  #closed: StorageClosed | undefined

  constructor(weir: Weir, keysMax: number, limit: SharedLimit, giveUpName: () => void) {
    this.#name = limit.name
    this.#giveUpName = giveUpName
    this.#stopListening = weir.onClose(() => this.#end(`the Weir of rate limit '${limit.name}' is closed`))
    this.#lines = new KeyedLines(
      `rate limit '${limit.name}'`,
      keysMax,
      (key) => new SharedLine(limit, key),
      (line) => line.isForgettable,
    )
  }

  take(key = ''): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      if (this.#closed !== undefined) throw this.#closed
      return this.#lines.of(key).take()
    })
  }

  tryTake(key = ''): CompletableFuture<boolean> {
    return CompletableFuture.supply(() => {
      if (this.#closed !== undefined) throw this.#closed
      return this.#lines.of(key).tryTake()
    })
  }

  close(): void {
    this.#end(`rate limit '${this.#name}' is closed`)
  }

  #end(why: string): void {
    if (this.#closed !== undefined) return
    this.#closed = new StorageClosed(why)
    this.#stopListening()
    this.#giveUpName()
    for (const line of this.#lines.values()) line.fail(this.#closed)
  }
}
