import type { Codec, Operator, StreamRecord, WindowOrNone } from '@weir/core'
import { map } from './map.ts'

/**
 * Gives each record the value that `project` makes of it; its key stays. The same as `map`, by the name it has in Kafka
 * Streams.
 *
 * @param options - `codec` is used where the new value has to travel through a repartition topic; MessagePack by default
 */
export const mapValues = <K, A, B, W extends WindowOrNone = WindowOrNone>(
  project: (value: A, record: StreamRecord<K, A, W>) => B,
  options: { readonly codec?: Codec<B> } = {},
): Operator<K, A, K, B, W, W> => ({ ...map(project, options), kind: 'mapValues', name: 'mapValues' })
