import {
  type AppendOptions,
  commitOf,
  CompletableFuture,
  type Headers,
  InvalidOption,
  noHeaders,
  type RecordMetadata,
  type Topic,
  UnknownTopic,
  type Weir,
} from '@weir/core'
import {
  encodePart,
  ensureTopic,
  findTopic,
  headersOf,
  jsonRow,
  optionNames,
  requireInteger,
  requireKnown,
  retried,
} from '@weir/core/protocol'
import { ExchangeMismatch } from './errors.ts'
import type { Exchange, ExchangeType } from './exchange.ts'
import {
  bindingKey,
  bindingKeys,
  exchangeKey,
  type ExchangeNames,
  type ExchangeRow,
  newExchangeRow,
  presentExchange,
  readBindings,
} from './internal/bindingRows.ts'
import { Publisher, type PublisherBounds } from './internal/Publisher.ts'
import { requireRule } from './internal/requireRule.ts'
import { unknownExchange } from './internal/unknownExchange.ts'
import type { Binding, Rules } from './Rules.ts'

/** What may be said of a record that is published. With an `id`, a repeat adds nothing to the targets that have it. */
export interface PublishOptions extends Omit<AppendOptions, 'partition'> {
  /** What direct and topic exchanges go by; `''` when absent. A hash exchange goes by the record's key then. */
  readonly routingKey?: string
  /** A record that fits no binding fails with Unroutable; otherwise it is answered with no places. */
  readonly mandatory?: boolean
}

/** How much an open exchange gathers and holds. */
export interface OpenExchangeOptions {
  /** A commit is full at this size, each record counted once for each of its targets; 1 MiB by default. */
  readonly commitBytesMax?: number
  /** The bound of what is published and not yet on disk; 32 MiB by default. More is refused with `BufferFull`. */
  readonly bufferBytesMax?: number
}

const openExchangeOptionNames = optionNames<OpenExchangeOptions>({ commitBytesMax: true, bufferBytesMax: true })

const publishOptionNames = optionNames<PublishOptions>({
  id: true,
  headers: true,
  expiresAtMs: true,
  timestamp: true,
  routingKey: true,
  mandatory: true,
})

/** A rule, which may be left out where nothing in it must be said. */
type RuleArgument<T extends ExchangeType> = T extends 'fanout' | 'hash' | 'custom'
  ? readonly [rule?: Rules[T]]
  : readonly [rule: Rules[T]]

/**
 * Makes sure that the exchange is there, durably, and gives what binds and publishes. Any number of processes may do so.
 *
 * @throws InvalidOption, ExchangeMismatch when it is there with another type or other codecs
 * @example
 * import { topic, utf8, Weir } from '@weir/core'
 * import { memory } from '@weir/testing'
 *
 * const weir = await Weir.open(memory())
 * const events = await openExchange(weir, exchange('events', { type: 'topic', key: utf8, value: utf8 }))
 * await events.bind(topic('sales', { key: utf8, value: utf8 }), { pattern: '*.sold.#' })
 * const places = await events.publish('o1', 'an order', { routingKey: 'shoes.sold.eu' })
 * places.map(({ topic }) => topic) // => ['sales']
 */
export const openExchange = <K, V, T extends ExchangeType>(
  weir: Weir,
  exchange: Exchange<K, V, T>,
  options: OpenExchangeOptions = {},
): CompletableFuture<OpenExchange<K, V, T>> => {
  const { storage } = weir
  const key = exchangeKey(exchange.name)
  const { commitBytesMax = 1 << 20, bufferBytesMax = 32 << 20 } = options
  const bounds = { commitBytesMax, bufferBytesMax }
  return retried((): CompletableFuture<unknown> => {
    requireKnown(`exchange '${exchange.name}'`, options, openExchangeOptionNames)
    requireBounds(exchange.name, bounds)
    const value = storage.rows.get(key) ?? null
    const present = presentExchange(value ?? undefined)
    if (present !== undefined) return CompletableFuture.completed(requireSame(exchange, present))
    const row = { key, value: jsonRow(newExchangeRow(exchange, value ?? undefined)) }
    return storage.commit(commitOf({ expect: [{ key, value }], rows: [row] }))
  }).thenApply(() => new OpenExchange(weir, exchange, bounds))
}

/** An exchange in a storage: its bindings, and publishing. */
export class OpenExchange<K, V, T extends ExchangeType> {
  readonly exchange: Exchange<K, V, T>
  readonly #weir: Weir
  readonly #publisher: Publisher<K, V>

  constructor(weir: Weir, exchange: Exchange<K, V, T>, bounds: PublisherBounds) {
    this.#weir = weir
    this.exchange = exchange
    this.#publisher = new Publisher(weir, exchange, bounds)
  }

  /**
   * Sends what fits the rule to the target from now on: each record published after this has completed, by any process.
   * A binding that is there already is left as it is.
   *
   * @param target - a topic, created when it is not there yet, or the name of one that is
   * @throws UnknownTopic, ExchangeMismatch when it has other codecs than the exchange, InvalidPattern, InvalidOption,
   *   UnknownExchange
   */
  bind(target: Topic<K, V> | string, ...[rule]: RuleArgument<T>): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      const binding = this.#binding(target, rule as Rules[T] | undefined)
      return this.#found(target).thenCompose(() => this.#change(binding, true))
    }).thenApply(() => undefined)
  }

  /**
   * Takes a binding away: no record published after this has completed is sent by it, by any process.
   *
   * @returns whether it was there
   * @throws InvalidPattern, InvalidOption, UnknownExchange
   */
  unbind(target: Topic<K, V> | string, ...[rule]: RuleArgument<T>): CompletableFuture<boolean> {
    return CompletableFuture.supply(() => this.#change(this.#binding(target, rule as Rules[T] | undefined), false))
  }

  /**
   * The bindings as of now.
   *
   * @throws UnknownExchange
   */
  bindings(): ReadonlyArray<Binding<T>> {
    const { rows } = this.#weir.storage
    const { name } = this.exchange
    if (presentExchange(rows.get(exchangeKey(name))) === undefined) throw unknownExchange(name)
    return readBindings(rows, name) as ReadonlyArray<Binding<T>>
  }

  /**
   * Appends a record to each topic that a binding sends it to, once however many bindings do, in one commit: it is in all
   * of them, or in none. Completes when that is durable. Records are appended in the order of the calls.
   *
   * What the bindings say is what they say at the moment of the commit: when they are changed by anyone before that, the
   * record is routed anew.
   *
   * @returns where it is, one place for each target; none when no binding fits. Fails with EncodeFailed, RecordTooLarge,
   *   InvalidOption, BufferFull (retry), StorageClosed, UnknownExchange, Unroutable, RouteFailed, or as `Weir.append`
   */
  publish(key: K, value: V, options: PublishOptions = {}): CompletableFuture<ReadonlyArray<RecordMetadata>> {
    const done = new CompletableFuture<ReadonlyArray<RecordMetadata>>()
    try {
      const { exchange } = this
      requireKnown(`publish to exchange '${exchange.name}'`, options, publishOptionNames)
      const { routingKey, id = null, mandatory = false, timestamp = this.#weir.clock.now() } = options
      const headers = headersOf(options) ?? noHeaders
      if (id === '') throw new InvalidOption(`exchange '${exchange.name}': the id is empty; expected text`)
      const keyEncoded = encodePart(exchange, 'key', exchange.key, key)
      const valueEncoded = encodePart(exchange, 'value', exchange.value, value)
      this.#publisher.add({
        record: exchange.type === 'custom' ? { key, value, routingKey: routingKey ?? '', headers } : undefined,
        routingKey,
        headers,
        keyEncoded,
        valueEncoded,
        timestamp,
        id,
        mandatory,
        bytes: overheadBytes + sizeOf(keyEncoded) + sizeOf(valueEncoded) + sizeOf(id) + sizeOfHeaders(headers),
        done,
      })
    } catch (error) {
      done.completeExceptionally(error)
    }
    return done
  }

  /** Publishes no more. Completes when all that was published has its outcome; the exchange stays. */
  close(): CompletableFuture<void> {
    return this.#publisher.close()
  }

  /**
   * Removes the exchange and its bindings; the topics stay. Publishing fails with UnknownExchange from then on, until it is
   * declared again.
   *
   * @returns whether it was there
   */
  remove(): CompletableFuture<boolean> {
    const { storage } = this.#weir
    const key = exchangeKey(this.exchange.name)
    return retried(() => {
      const value = storage.rows.get(key)
      const row = presentExchange(value)
      if (row === undefined) return CompletableFuture.completed(false)
      const gone = bindingKeys(storage.rows, this.exchange.name).map((each) => ({ key: each, value: null }))
      const rows = [...gone, { key, value: jsonRow({ ...row, version: row.version + 1, isRemoved: true }) }]
      return storage.commit(commitOf({ expect: [{ key, value: value! }], rows })).thenApply(() => true)
    })
  }

  /** Writes or removes a binding and the exchange's next version, in one commit. */
  #change(binding: Binding<T>, isBound: boolean): CompletableFuture<boolean> {
    const { storage } = this.#weir
    const { name } = this.exchange
    const key = exchangeKey(name)
    const bound = bindingKey(name, binding)
    return retried(() => {
      const value = storage.rows.get(key)
      const row = presentExchange(value)
      if (row === undefined) throw unknownExchange(name)
      if ((storage.rows.get(bound) !== undefined) === isBound) return CompletableFuture.completed(false)
      const rows = [
        { key, value: jsonRow({ ...row, version: row.version + 1 } satisfies ExchangeRow) },
        { key: bound, value: isBound ? jsonRow(binding) : null },
      ]
      return storage.commit(commitOf({ expect: [{ key, value: value! }], rows })).thenApply(() => true)
    })
  }

  #binding(target: Topic<K, V> | string, rule: Rules[T] | undefined): Binding<T> {
    const { name, type } = this.exchange
    return {
      target: typeof target === 'string' ? target : target.name,
      rule: requireRule(name, type, rule ?? ({} as Rules[T])),
    }
  }

  #found(target: Topic<K, V> | string): CompletableFuture<void> {
    const { storage } = this.#weir
    const { name, key, value } = this.exchange
    if (typeof target !== 'string') {
      requireCodecs(name, { name: target.name, key: target.key.name, value: target.value.name }, key.name, value.name)
      return ensureTopic(storage, target).thenApply(() => undefined)
    }
    const info = findTopic(storage, target)
    if (info === undefined) {
      throw new UnknownTopic(
        `exchange '${name}': topic ${JSON.stringify(target)} is not in this storage; expected one that is there, or ` +
          'the definition of a topic',
      )
    }
    requireCodecs(name, info, key.name, value.name)
    return CompletableFuture.completed(undefined)
  }
}

const requireBounds = (exchange: string, { commitBytesMax, bufferBytesMax }: PublisherBounds): void => {
  requireInteger(`exchange '${exchange}': commitBytesMax`, commitBytesMax, 1, 64 << 20)
  requireInteger(`exchange '${exchange}': bufferBytesMax`, bufferBytesMax, 1, 2 ** 31)
}

/** What a record takes beside its parts, so that very small ones are bounded too. */
const overheadBytes = 64

const sizeOf = (part: Uint8Array | string | null): number => part?.length ?? 0

const sizeOfHeaders = (headers: Headers): number =>
  Object.entries(headers).reduce((size, [name, value]) => size + name.length + value.length, 0)

const requireCodecs = (
  exchange: string,
  target: { readonly name: string; readonly key: string; readonly value: string },
  key: string,
  value: string,
): void => {
  if (target.key === key && target.value === value) return
  throw new ExchangeMismatch(
    `exchange '${exchange}' has the codecs ${key} and ${value}, topic '${target.name}' has ${target.key} and ` +
      `${target.value}; expected the same`,
  )
}

const requireSame = (exchange: ExchangeNames, row: ExchangeRow): void => {
  const { name, type, key, value } = exchange
  if (row.type === type && row.key === key.name && row.value === value.name) return
  throw new ExchangeMismatch(
    `exchange '${name}' is stored as ${row.type} with the codecs ${row.key} and ${row.value}, but this definition says ` +
      `${type} with ${key.name} and ${value.name}`,
  )
}
