import { type Codec, operate, type Operator, type StreamRecord, utf8, type WindowOrNone } from '@weir/core'
import { requireFunction } from '@weir/core/protocol'
import { requireOptions } from './internal/requireOptions.ts'

/** Where the records of the new keys travel. */
export interface KeyByOptions<K> {
  /** The codec of the new keys. */
  readonly key: Codec<K>
  /** Of the repartition topic, if there is to be one; as many as the source has by default. */
  readonly partitions?: number
}

/**
 * Gives each record the key that `keyOf` makes of it. Before the next operator that works by key, such as `aggregate`,
 * all records of a key are brought together: through a repartition topic, which the job creates by itself.
 *
 * @param options - the codec of the new keys; `utf8` by default, for keys that are text
 * @throws InvalidOption
 */
export function keyBy<K, V, W extends WindowOrNone = WindowOrNone>(
  keyOf: (value: V, record: StreamRecord<K, V, W>) => string,
  options?: Partial<KeyByOptions<string>>,
): Operator<K, V, string, V, W>
export function keyBy<K, V, K2, W extends WindowOrNone = WindowOrNone>(
  keyOf: (value: V, record: StreamRecord<K, V, W>) => K2,
  options: KeyByOptions<K2>,
): Operator<K, V, K2, V, W>
export function keyBy<K, V, K2, W extends WindowOrNone = WindowOrNone>(
  keyOf: (value: V, record: StreamRecord<K, V, W>) => K2,
  options: Partial<KeyByOptions<K2>> = {},
): Operator<K, V, K2, V, W> {
  requireFunction('keyBy: keyOf', keyOf)
  requireOptions('keyBy', options, ['key', 'partitions'])
  return {
    kind: 'keyBy',
    name: 'keyBy',
    stores: [],
    outputs: [],
    keyed: false,
    rekeys: { key: (options.key ?? utf8) as Codec<unknown>, partitions: options.partitions },
    attach: () => operate({ next: (record, out) => out.next({ ...record, key: keyOf(record.value, record) }) }),
  }
}
