import type { Headers } from '@weir/core'
import { RouteFailed } from '../errors.ts'
import type { Exchange, ExchangeType, PublishedRecord } from '../exchange.ts'
import type { Binding, Rules } from '../Rules.ts'
import { patternWords } from '../topicPattern.ts'
import { hashTargets } from './hashTargets.ts'
import { TopicTrie } from './TopicTrie.ts'

/** What decides on the targets of a record. */
export interface RoutingFacts<K, V> {
  /** Present for custom exchanges alone. */
  readonly record: PublishedRecord<K, V> | undefined
  readonly routingKey: string | undefined
  readonly headers: Headers
  /** As it will be stored. */
  readonly keyEncoded: Uint8Array | string | null
}

/** The names of the topics that a record goes to, each once. */
export type TargetsOf<K, V> = (facts: RoutingFacts<K, V>) => ReadonlySet<string>

/** The bindings of an exchange, made ready for many records. */
export const routeTable = <K, V>(
  exchange: Exchange<K, V, ExchangeType>,
  bindings: ReadonlyArray<Binding>,
): TargetsOf<K, V> => {
  switch (exchange.type) {
    case 'direct':
      return directTable(bindings as ReadonlyArray<Binding<'direct'>>)
    case 'topic':
      return topicTable(bindings as ReadonlyArray<Binding<'topic'>>)
    case 'fanout': {
      const all = new Set(bindings.map(({ target }) => target))
      return () => all
    }
    case 'headers':
      return ({ headers }) =>
        new Set(
          (bindings as ReadonlyArray<Binding<'headers'>>).flatMap(({ target, rule }) =>
            fits(headers, rule) ? [target] : [],
          ),
        )
    case 'hash':
      return hashTable(bindings as ReadonlyArray<Binding<'hash'>>)
    case 'custom':
      return customTable(exchange, bindings as ReadonlyArray<Binding<'custom'>>)
  }
}

const directTable = (bindings: ReadonlyArray<Binding<'direct'>>): TargetsOf<unknown, unknown> => {
  const targets = new Map<string, Set<string>>()
  for (const { target, rule } of bindings) {
    const bound = targets.get(rule.routingKey)
    if (bound === undefined) targets.set(rule.routingKey, new Set([target]))
    else bound.add(target)
  }
  return ({ routingKey = '' }) => targets.get(routingKey) ?? none
}

const topicTable = (bindings: ReadonlyArray<Binding<'topic'>>): TargetsOf<unknown, unknown> => {
  const trie = new TopicTrie<string>()
  for (const { target, rule } of bindings) trie.add(patternWords(rule.pattern), target)
  return ({ routingKey = '' }) => trie.match(routingKey)
}

/** Without any headers in the rule, `all` fits every record and `any` fits none, as in RabbitMQ. */
const fits = (headers: Headers, { headers: wanted, match = 'all' }: Rules['headers']): boolean => {
  const isThere = ([name, value]: [string, string | null]): boolean =>
    Object.hasOwn(headers, name) && (value === null || headers[name] === value)
  const all = Object.entries(wanted)
  return match === 'all' ? all.every(isThere) : all.some(isThere)
}

/** A target that is bound several times has its last weight. */
const hashTable = (bindings: ReadonlyArray<Binding<'hash'>>): TargetsOf<unknown, unknown> => {
  const weights = new Map(bindings.map(({ target, rule }) => [target, rule.weight ?? 1]))
  const targetOf = hashTargets([...weights].map(([target, weight]) => ({ target, weight })))
  return ({ routingKey, keyEncoded }) => {
    const target = targetOf(routingKey ?? keyEncoded ?? '')
    return target === undefined ? none : new Set([target])
  }
}

const customTable = <K, V>(
  { name, route }: Exchange<K, V, ExchangeType>,
  bindings: ReadonlyArray<Binding<'custom'>>,
): TargetsOf<K, V> => {
  const bound = new Set(bindings.map(({ target }) => target))
  return ({ record }) => {
    let targets: Set<string>
    try {
      targets = new Set(route!(record!, bindings))
    } catch (cause) {
      throw new RouteFailed(`exchange '${name}': its route threw`, { cause })
    }
    for (const target of targets) {
      if (!bound.has(target)) {
        throw new RouteFailed(
          `exchange '${name}': its route names ${JSON.stringify(target)}; expected targets that are bound`,
        )
      }
    }
    return targets
  }
}

const none: ReadonlySet<string> = new Set()
