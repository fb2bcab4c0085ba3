import type { Codec, Operator } from '@weir/core'
import { aggregate } from './aggregate.ts'

/**
 * Combines the values of each key into one of the same type, beginning with the first, and gives each new one on.
 *
 * @param name - of the store; stable, because state is found by it
 * @param options - `codec` of the stored values; MessagePack by default
 */
export const reduce = <K, V>(
  name: string,
  combine: (reduced: V, value: V) => V,
  options: { readonly codec?: Codec<V> } = {},
): Operator<K, V, K, V> =>
  ({
    ...aggregate<K, V, V | undefined>(name, {
      ...(options as { readonly codec?: Codec<V | undefined> }),
      initial: () => undefined,
      add: (reduced, value) => (reduced === undefined ? value : combine(reduced, value)),
    }),
    kind: 'reduce',
  }) as Operator<K, V, K, V>
