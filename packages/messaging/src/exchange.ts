import { type Codec, type Headers, InvalidOption, murmur2Partitioner, type Partitioner, validateName } from '@weir/core'
import { optionNames, requireInteger, requireKnown } from '@weir/core/protocol'
import type { Binding } from './Rules.ts'

/** How an exchange chooses the targets of a record; see `Rules`. */
export type ExchangeType = 'direct' | 'topic' | 'fanout' | 'headers' | 'hash' | 'custom'

const exchangeTypes: ReadonlyArray<ExchangeType> = ['direct', 'topic', 'fanout', 'headers', 'hash', 'custom']

/** A record as the function of a custom exchange sees it. */
export interface PublishedRecord<K, V> {
  readonly key: K
  readonly value: V
  /** `''` when the publisher gave none. */
  readonly routingKey: string
  readonly headers: Headers
}

/** The own function of a custom exchange: the names of the targets, of those that are bound; a repeat counts once. */
export type Route<K, V> = (
  record: PublishedRecord<K, V>,
  bindings: ReadonlyArray<Binding<'custom'>>,
) => Iterable<string>

/** What an exchange is made of. All of its targets have its codecs. */
export interface ExchangeOptions<K, V, T extends ExchangeType> {
  readonly type: T
  readonly key: Codec<K>
  readonly value: Codec<V>
  /** Which partition of each target a record goes to; Kafka's murmur2 over the encoded key by default, as for topics. */
  readonly partitioner?: Partitioner
  /** The bound of one record after encoding; 1 MiB by default. */
  readonly recordBytesMax?: number
  /** For `custom`, and only there. It is code: every process that publishes brings the same. */
  readonly route?: Route<K, V>
}

const exchangeOptionNames = optionNames<ExchangeOptions<unknown, unknown, ExchangeType>>({
  type: true,
  key: true,
  value: true,
  partitioner: true,
  recordBytesMax: true,
  route: true,
})

/** A name to publish to instead of a topic: a value, which may be defined again in any process that uses it. */
export interface Exchange<K, V, T extends ExchangeType> {
  readonly name: string
  readonly type: T
  readonly key: Codec<K>
  readonly value: Codec<V>
  readonly partitioner: Partitioner
  readonly recordBytesMax: number
  readonly route: Route<K, V> | undefined
}

/**
 * Defines an exchange. Nothing is created: `openExchange` does that.
 *
 * @param name - as a topic's: `^[A-Za-z0-9._-]{1,249}$`
 * @throws InvalidName, InvalidOption
 * @example
 * import { utf8 } from '@weir/core'
 *
 * exchange('events', { type: 'topic', key: utf8, value: utf8 }).type // => 'topic'
 */
export const exchange = <K, V, T extends ExchangeType>(
  name: string,
  options: ExchangeOptions<K, V, T>,
): Exchange<K, V, T> => {
  const { type, key, value, partitioner = murmur2Partitioner, recordBytesMax = 1 << 20, route } = options
  validateName('exchange', name)
  requireKnown(`exchange '${name}'`, options, exchangeOptionNames)
  requireInteger(`exchange '${name}': recordBytesMax`, recordBytesMax, 1, 2 ** 30)
  if (!exchangeTypes.includes(type)) {
    throw new InvalidOption(
      `exchange '${name}': type is ${type as string}; expected one of ${exchangeTypes.join(', ')}`,
    )
  }
  for (const [part, codec] of [['key', key] as const, ['value', value] as const]) {
    if (typeof codec?.decode !== 'function') {
      throw new InvalidOption(`exchange '${name}': ${part} is not a codec; expected one such as utf8 or json(Type)`)
    }
  }
  if ((type === 'custom') !== (typeof route === 'function')) {
    throw new InvalidOption(
      `exchange '${name}': type is ${type}, with${route === undefined ? 'out' : ''} a route; expected a function for custom, and only there`,
    )
  }
  return { name, type, key, value, partitioner, recordBytesMax, route }
}
