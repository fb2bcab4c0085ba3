import {
  type Codec,
  type Flow,
  flowOf,
  type JobFlow,
  msgpack,
  operate,
  type Operator,
  type StoreDefinition,
  type TaskContext,
  type Topic,
} from '@weir/core'
import { requireCodec, requireFunction } from '@weir/core/protocol'
import type { GlobalTableJoinOptions } from '../joinGlobalTable.ts'
import { gate } from './gate.ts'
import { namedOperator, requireOptions, requireSides } from './requireOptions.ts'
import type { AnyJoiner } from './streamJoin.ts'

/** What a join of a stream with a table of other keys needs. */
interface GlobalTableJoinParts<K, V, T, W, R> {
  readonly kind: string
  readonly name: string
  readonly table: Topic<T, W> | JobFlow<T, W>
  readonly keyOf: (value: V, key: K) => T | null
  readonly joiner: AnyJoiner<T, R>
  readonly isLeft: boolean
}

/** Looks each record of the stream up in a table that a stage of its own keeps. */
export const globalTableJoin = <K, V, T, W, R>(
  { kind, name, table, keyOf, joiner, isLeft }: GlobalTableJoinParts<K, V, T, W, R>,
  options: GlobalTableJoinOptions<W, R>,
): Operator<K, V | null, K, R> => {
  const what = namedOperator(kind, name)
  const flow = flowOf(table, `${what}: the table`)
  requireFunction(`${what}: keyOf`, keyOf)
  requireFunction(`${what}: joiner`, joiner)
  requireOptions(what, options, ['codecs', 'codec'])
  const { codecs = {}, codec } = options
  requireSides(`${what}: codecs`, codecs, requireCodec, ['right'])
  const store: StoreDefinition<T, W> = { name, kind: 'key-value', value: (codecs.right ?? msgpack<W>()) as Codec<W> }
  const kept: Flow = { ...flow, operators: [...flow.operators, keep(store)] }
  return {
    kind,
    name,
    stores: [],
    outputs: [],
    keyed: false,
    beside: [kept],
    revalues: { value: codec as Codec<unknown> | undefined },
    attach: (context) => {
      const rows = context.lookUp(store)
      context.attend(gate({ demand: () => (rows.isFilled() ? Infinity : 0), isSettled: () => true }))
      // what was looked up in this batch
      const known = new Map<T, W | undefined>()
      const find = (key: T): W | undefined => {
        if (known.has(key)) return known.get(key)
        const found = rows.get(key)
        known.set(key, found)
        return found
      }
      return operate({
        next: (record, out) => {
          const { key, value } = record
          if (value === null || value === undefined) return context.count('ignored', 1)
          const of = keyOf(value, key)
          const found = of === null || of === undefined ? undefined : find(of)
          if (found === undefined && !isLeft) return
          out.next({ ...record, value: joiner(value, found ?? null, (of ?? null) as T) })
        },
        complete: () => known.clear(),
      })
    },
  }
}

/** Keeps the last value of each key. */
const keep = <T, W>(store: StoreDefinition<T, W>): Operator<T, W | null, T, W | null> => ({
  kind: 'globalTable',
  name: store.name,
  stores: [store as unknown as StoreDefinition<unknown, unknown>],
  outputs: [],
  keyed: true,
  sink: true,
  attach: (context: TaskContext) => {
    const rows = context.keyValueStore(store)
    return operate({
      next: (record, out) => {
        const { key, value } = record
        if (value === null || value === undefined) rows.delete(key)
        else rows.put(key, value)
        out.next(record)
      },
    })
  },
})
