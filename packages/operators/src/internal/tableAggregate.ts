import {
  type AnyOperator,
  type Codec,
  type KeyValueStore,
  msgpack,
  nullable,
  type Operator,
  operate,
  pair,
  type RecordCodecs,
  type StoreDefinition,
  utf8,
} from '@weir/core'
import { equalBytes, withoutNull } from '@weir/core/protocol'
import type { AggregateTableOptions, TableGrouping } from '../aggregateTable.ts'
import { optional } from './optional.ts'

/** What an aggregation of the rows of a table by group needs. */
export interface TableAggregateParts<K, V, G, A>
  extends TableGrouping<K, V, G>, Pick<AggregateTableOptions<K, V, G, A>, 'codec' | 'values'> {
  readonly kind: string
  readonly name: string
  /** Without it the aggregate of a group is the number of its rows, whatever their values are. */
  readonly folding?: Pick<AggregateTableOptions<K, V, G, A>, 'initial' | 'add' | 'subtract'>
}

/** What becomes of a row in a group: its value from now on, or that it is there no more. */
type Change<K, V> = readonly [key: K, value: V | null]

/**
 * The aggregates of a table by group, in two steps: by the key of the row it is known which group it is in, and by group what its rows
 * are. So it is the value that is there which is subtracted: were the old one to come with the new one, as it does in Kafka Streams,
 * then a value whose change was set aside would be subtracted without ever having been added. Also for that a row is told to its group
 * whenever it changes, to be counted too: only the group knows whether it is there.
 */
export const tableAggregate = <K, V, G, A>(
  parts: TableAggregateParts<K, V, G, A>,
): Operator<K, V | null, G, A | null> => {
  const { kind, name, key: group = utf8 as unknown as Codec<G>, partitions, codec = msgpack<A>(), values } = parts
  const aggregates: StoreDefinition<G, A> = { name, kind: 'key-value', value: codec }
  const rekeys = { key: group as Codec<unknown>, partitions }
  const revalues = { value: nullable(codec) as Codec<unknown> }
  const steps = (arriving: RecordCodecs): ReadonlyArray<AnyOperator> => {
    const key = withoutNull(arriving.key) as Codec<K>
    const value = values ?? (withoutNull(arriving.value) as Codec<V>)
    const changes = pair(key, optional(value)) as Codec<Change<K, V>>
    return [
      regroup(parts, group, { rekeys, revalues: { value: changes as Codec<unknown> } }),
      fold(parts, aggregates, { key, value }),
    ]
  }
  // never attached itself: the codecs say what a flow gives that ends with it
  return {
    kind,
    name,
    stores: [],
    outputs: [],
    keyed: true,
    rekeys,
    revalues,
    keepsResult: true,
    steps,
    attach: () => (rows) => rows as never,
  }
}

/** The first step: tells groups what becomes of their rows; a group that a row leaves before the one that it comes to. */
const regroup = <K, V, G, A>(
  { kind, name, groupBy }: TableAggregateParts<K, V, G, A>,
  codec: Codec<G>,
  gives: Pick<AnyOperator, 'rekeys' | 'revalues'>,
): Operator<K, V | null, G, Change<K, V>> => {
  const store: StoreDefinition<K, G> = { name: `${name}-groups`, kind: 'key-value', value: codec }
  const isSame = (a: G, b: G): boolean => a === b || equalBytes(codec.encode(a), codec.encode(b))
  return {
    kind,
    name: store.name,
    stores: [store as unknown as StoreDefinition<unknown, unknown>],
    outputs: [],
    keyed: true,
    ...gives,
    attach: (context) => {
      const groups = context.keyValueStore(store)
      return operate({
        next: (record, out) => {
          const { key } = record
          const value = record.value ?? null
          const from = groups.get(key)
          const into = value === null ? undefined : (groupBy(value, key) ?? undefined)
          const send = (group: G, left: V | null): void =>
            out.next({ ...record, key: group, value: [key, left], stored: undefined })
          const stays = from !== undefined && into !== undefined && isSame(from, into)
          if (from !== undefined && !stays) send(from, null)
          if (into !== undefined) {
            if (!stays) groups.put(key, into)
            send(into, value)
          } else if (from !== undefined) groups.delete(key)
        },
      })
    },
  }
}

/** The second step: folds the rows of each group, or counts them. */
const fold = <K, V, G, A>(
  { kind, name, folding }: TableAggregateParts<K, V, G, A>,
  store: StoreDefinition<G, A>,
  row: { readonly key: Codec<K>; readonly value: Codec<V> },
): Operator<G, Change<K, V>, G, A | null> => {
  // not a map for each group: those are made for a walk through them in order, and most rows come in no order
  const kept: StoreDefinition<readonly [G, K], V> = {
    name: `${name}-rows`,
    kind: 'key-value',
    keyFrom: (arriving) => pair(arriving as Codec<G>, row.key),
    value: row.value,
  }
  const counts: StoreDefinition<G, number> = { name: `${name}-counts`, kind: 'key-value', value: msgpack() }
  return {
    kind,
    name,
    stores: (folding === undefined ? [store, kept] : [store, counts, kept]) as unknown as ReadonlyArray<
      StoreDefinition<unknown, unknown>
    >,
    outputs: [],
    keyed: true,
    revalues: { value: nullable(store.value) as Codec<unknown> },
    attach: (context) => {
      const aggregates = context.keyValueStore(store)
      const counted =
        folding === undefined
          ? (aggregates as KeyValueStore<G, unknown> as KeyValueStore<G, number>)
          : context.keyValueStore(counts)
      const rows = context.keyValueStore(kept)
      /** The new result of a group; `undefined` when nothing has changed. */
      const change = (group: G, [key, value]: Change<K, V>): A | null | undefined => {
        const place = [group, key] as const
        const before = rows.get(place)
        if (before === undefined && value === null) return undefined
        if (before !== undefined && value !== null && folding === undefined) return undefined
        if (value === null) rows.delete(place)
        else rows.put(place, value)
        const count = (counted.get(group) ?? 0) + (value === null ? -1 : before === undefined ? 1 : 0)
        if (count === 0) {
          counted.delete(group)
          aggregates.delete(group)
          return null
        }
        if (value === null || before === undefined) counted.put(group, count)
        if (folding === undefined) return count as A
        const known = aggregates.get(group)
        let aggregate = known === undefined ? folding.initial(group) : known
        if (before !== undefined) aggregate = folding.subtract(aggregate, before, key)
        if (value !== null) aggregate = folding.add(aggregate, value, key)
        aggregates.put(group, aggregate)
        return aggregate
      }
      return operate({
        next: (record, out) => {
          const value = change(record.key, record.value)
          if (value !== undefined) out.next({ ...record, value, stored: undefined })
        },
      })
    },
  }
}
