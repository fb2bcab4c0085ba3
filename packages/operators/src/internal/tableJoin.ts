import { type Codec, type Flow, msgpack, type Operator, type StoreDefinition } from '@weir/core'
import { operateSides } from './operateSides.ts'
import type { AnyJoiner } from './streamJoin.ts'

/** What a join of a stream with the values that a table has at the time needs. */
export interface TableJoinParts<K, W, R> {
  readonly kind: string
  readonly name: string
  readonly table: Flow
  readonly joiner: AnyJoiner<K, R>
  /** Whether records are given on for which the table has nothing. */
  readonly isLeft: boolean
  readonly values: Codec<W> | undefined
  readonly codec: Codec<R> | undefined
}

/** Looks each record of the stream up in what was read of the table before. */
export const tableJoin = <K, V, W, R>({
  kind,
  name,
  table,
  joiner,
  isLeft,
  values = msgpack<W>(),
  codec,
}: TableJoinParts<K, W, R>): Operator<K, V | null, K, R> => {
  const store: StoreDefinition<K, W> = { name, kind: 'key-value', value: values }
  return {
    kind,
    name,
    stores: [store as unknown as StoreDefinition<unknown, unknown>],
    outputs: [],
    keyed: true,
    others: [table],
    looksUpOthers: true,
    revalues: { value: codec as Codec<unknown> | undefined },
    attach: (context) => {
      const rows = context.keyValueStore(store)
      return operateSides<K, V | null, W | null, K, R>({
        left: (record, out) => {
          const { key, value } = record
          if (value === null || value === undefined) return context.count('ignored', 1)
          const found = rows.get(key)
          if (found === undefined && !isLeft) return
          out.next({ ...record, value: joiner(value, found ?? null, key), stored: undefined })
        },
        right: ({ key, value }) => {
          if (value === null || value === undefined) rows.delete(key)
          else rows.put(key, value)
        },
      })
    },
  }
}
