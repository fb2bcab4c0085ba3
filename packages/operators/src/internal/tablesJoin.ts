import {
  type Codec,
  float64,
  flowOf,
  type JobFlow,
  msgpack,
  nullable,
  type Operator,
  pair,
  type StoreDefinition,
  type StreamRecord,
  type Topic,
} from '@weir/core'
import { requireCodec, requireFunction } from '@weir/core/protocol'
import type { Subscriber } from 'rxjs'
import type { TablesJoinOptions } from '../joinTables.ts'
import { operateSides } from './operateSides.ts'
import { namedOperator, requireOptions, requireSides } from './requireOptions.ts'
import type { AnyJoiner } from './streamJoin.ts'

/** Which keys have a result: those of both tables, of the left one, of either. */
export type TablesJoinKind = 'joinTables' | 'leftJoinTables' | 'outerJoinTables'

/** The current value of a key in a table, and since when it is. */
type Row<V> = readonly [timestamp: number, value: V]

/** The operator of a table-table join of any kind. */
export const tablesJoin = <K, V, W, R>(
  kind: TablesJoinKind,
  name: string,
  other: Topic<K, W> | JobFlow<K, W>,
  joiner: AnyJoiner<K, R>,
  options: TablesJoinOptions<V, W, R>,
): Operator<K, V | null, K, R | null> => {
  const what = namedOperator(kind, name)
  const flow = flowOf(other, `${what}: the other table`)
  requireFunction(`${what}: joiner`, joiner)
  requireOptions(what, options, ['codecs', 'codec'])
  const { codecs = {}, codec = msgpack<R>() } = options
  requireSides(`${what}: codecs`, codecs, requireCodec)
  const lefts = rowsOf(`${name}-left`, codecs.left ?? msgpack<V>())
  const rights = rowsOf(`${name}-right`, (codecs.right ?? msgpack<W>()) as Codec<W>)
  const hasResult = (left: unknown, right: unknown): boolean =>
    kind === 'joinTables'
      ? left !== undefined && right !== undefined
      : left !== undefined || (kind === 'outerJoinTables' && right !== undefined)
  return {
    kind,
    name,
    stores: [lefts, rights] as unknown as ReadonlyArray<StoreDefinition<unknown, unknown>>,
    outputs: [],
    keyed: true,
    others: [flow],
    revalues: { value: nullable(codec) as Codec<unknown> },
    attach: (context) => {
      const left = context.keyValueStore<K, Row<V>>(lefts as StoreDefinition<K, Row<V>>)
      const right = context.keyValueStore<K, Row<W>>(rights as StoreDefinition<K, Row<W>>)
      /** Gives the result on as it is now; `null` if there was one and is no more. */
      const give = (
        record: StreamRecord<K, unknown>,
        had: boolean,
        [a, b]: readonly [Row<V> | undefined, Row<W> | undefined],
        out: Subscriber<StreamRecord<K, R | null>>,
        change: () => void,
      ): void => {
        const { key } = record
        const has = hasResult(a, b)
        const value = has ? joiner(a?.[1] ?? null, b?.[1] ?? null, key) : null
        // nothing has changed until here, where user code may have thrown
        change()
        if (!has && !had) return
        const timestamp = Math.max(record.timestamp, a?.[0] ?? -Infinity, b?.[0] ?? -Infinity)
        out.next({ ...record, value, timestamp, stored: undefined })
      }
      return operateSides<K, V | null, W | null, K, R | null>({
        left: (record, out) => {
          const { key, value, timestamp } = record
          const [before, beside] = [left.get(key), right.get(key)]
          const after = value === null || value === undefined ? undefined : ([timestamp, value] as const)
          give(record, hasResult(before, beside), [after, beside], out, () =>
            after === undefined ? left.delete(key) : left.put(key, after),
          )
        },
        right: (record, out) => {
          const { key, value, timestamp } = record
          const [before, beside] = [right.get(key), left.get(key)]
          const after = value === null || value === undefined ? undefined : ([timestamp, value as W] as const)
          give(record, hasResult(beside, before), [beside, after], out, () =>
            after === undefined ? right.delete(key) : right.put(key, after),
          )
        },
      })
    },
  }
}

const rowsOf = <V>(name: string, codec: Codec<V>): StoreDefinition<unknown, Row<V>> => ({
  name,
  kind: 'key-value',
  value: pair(float64, codec),
})
