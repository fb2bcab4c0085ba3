import type { Codec, Operator, Window, WindowOrNone } from '@weir/core'
import { requireFunction } from '@weir/core/protocol'
import { aggregate, type EmitOptions } from './aggregate.ts'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'
import { requireWindow } from './internal/requireWindow.ts'
import type { ByWindow, Windows } from './Windows.ts'

/** How values are reduced. */
export interface ReduceOptions<K, V> extends EmitOptions<K, V> {
  /** Of the stored values; MessagePack by default. */
  readonly codec?: Codec<V>
  /** Reduces by window; over all time without it. */
  readonly window?: Windows
}

/**
 * Combines the values of each key into one of the same type, over all time or by window, beginning with the first one.
 * Over all time, and with `emit: 'update'`, each new one is given on.
 *
 * @param name - of the store; stable, because state is found by it
 * @param combine - of two sessions that a record joins, too: the reduced value of the earlier and of the later one
 * @throws InvalidName, InvalidOption
 */
export function reduce<K, V>(
  name: string,
  combine: (reduced: V, value: V) => V,
  options: ReduceOptions<K, V> & ByWindow,
): Operator<K, V, K, V, WindowOrNone, Window>
export function reduce<K, V>(
  name: string,
  combine: (reduced: V, value: V) => V,
  options?: ReduceOptions<K, V>,
): Operator<K, V, K, V>
export function reduce<K, V>(
  name: string,
  combine: (reduced: V, value: V) => V,
  options: ReduceOptions<K, V> = {},
): Operator<K, V, K, V> {
  const what = namedOperator('reduce', name)
  requireFunction(`${what}: combine`, combine)
  requireOptions(what, options, ['codec', 'window', 'emit', 'late'])
  requireWindow(what, options)
  const { codec, window, ...rest } = options
  const reducing = {
    ...(codec === undefined ? {} : { codec: codec as Codec<V | undefined> }),
    initial: () => undefined,
    add: (reduced: V | undefined, value: V) => (reduced === undefined ? value : combine(reduced, value)),
  }
  const windowed = {
    ...rest,
    ...reducing,
    merge: (_: K, a: V | undefined, b: V | undefined) => combine(a as V, b as V),
  }
  const reduced =
    window === undefined
      ? aggregate<K, V, V | undefined>(name, reducing)
      : window.kind === 'session'
        ? aggregate<K, V, V | undefined>(name, { ...windowed, window })
        : aggregate<K, V, V | undefined>(name, {
            ...windowed,
            window,
            ...(codec === undefined || window.kind !== 'sliding' ? {} : { values: codec }),
          })
  return { ...reduced, kind: 'reduce' } as Operator<K, V, K, V>
}
