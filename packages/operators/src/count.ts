import type { Operator, Window, WindowOrNone } from '@weir/core'
import { aggregate, type EmitOptions } from './aggregate.ts'
import { nothing } from './internal/nothing.ts'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'
import { requireWindow } from './internal/requireWindow.ts'
import type { ByWindow, Windows } from './Windows.ts'

/** How records are counted. */
export interface CountOptions<K, V> extends EmitOptions<K, V> {
  /** Counts by window; over all time without it. */
  readonly window?: Windows
}

/**
 * Counts the records of each key, over all time or by window.
 *
 * @param name - of the store; stable, because state is found by it
 * @throws InvalidName, InvalidOption
 */
export function count<K, V>(
  name: string,
  options: CountOptions<K, V> & ByWindow,
): Operator<K, V, K, number, WindowOrNone, Window>
export function count<K, V>(name: string, options?: CountOptions<K, V>): Operator<K, V, K, number>
export function count<K, V>(name: string, options: CountOptions<K, V> = {}): Operator<K, V, K, number> {
  const what = namedOperator('count', name)
  requireOptions(what, options, ['window', 'emit', 'late'])
  requireWindow(what, options)
  const { window, ...rest } = options
  const counting = { initial: () => 0, add: (counted: number): number => counted + 1 }
  const windowed = { ...rest, ...counting, merge: (_: K, a: number, b: number): number => a + b }
  const counted =
    window === undefined
      ? aggregate<K, V, number>(name, counting)
      : window.kind === 'session'
        ? aggregate<K, V, number>(name, { ...windowed, window })
        : aggregate<K, V, number>(name, {
            ...windowed,
            window,
            ...(window.kind === 'sliding' ? { values: nothing<V>() } : {}),
          })
  return { ...counted, kind: 'count' }
}
