import type { Codec } from '../../src/codec/Codec.ts'
import { utf8 } from '../../src/codec/utf8.ts'
import { operate } from '../../src/job/operate.ts'
import type { Operator, TaskContext } from '../../src/job/Operator.ts'
import type { StoreDefinition } from '../../src/job/Store.ts'
import type { StreamRecord } from '../../src/job/StreamRecord.ts'

type Erased = StoreDefinition<unknown, unknown>

/** What `custom` takes beside what the operator does with a record. */
interface CustomOptions {
  readonly name?: string
  readonly stores?: ReadonlyArray<{ readonly name: string; readonly value?: Codec<never>; readonly key?: Codec<never> }>
  readonly keyed?: boolean
  readonly complete?: (context: TaskContext) => void
}

/** An operator of the test's own: it looks at each record and passes it on, unless it throws. */
export const custom = <K, V>(
  look: (record: StreamRecord<K, V>, context: TaskContext) => void,
  { name = 'custom', stores = [], keyed = false, complete }: CustomOptions = {},
): Operator<K, V, K, V> => ({
  kind: 'custom',
  name,
  stores: stores.map(
    (store): Erased => ({ kind: 'key-value', ...store, value: store.value ?? utf8 }) as unknown as Erased,
  ),
  outputs: [],
  keyed,
  attach: (context) =>
    operate({
      next: (record, out) => {
        look(record, context)
        out.next(record)
      },
      complete: () => complete?.(context),
    }),
})
