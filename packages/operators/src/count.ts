import type { Operator, Topic } from '@weir/core'
import { aggregate } from './aggregate.ts'
import type { TumblingWindows } from './tumbling.ts'

/** How records are counted. */
export interface CountOptions<K, V> {
  /** Counts by window; over all time without it. */
  readonly window?: TumblingWindows
  readonly emit?: 'close' | 'update'
  readonly late?: Topic<K, V>
}

/**
 * Counts the records of each key, over all time or by window.
 *
 * @param name - of the store; stable, because state is found by it
 */
export const count = <K, V>(name: string, options: CountOptions<K, V> = {}): Operator<K, V, K, number> => {
  const add = (counted: number): number => counted + 1
  const { window, ...rest } = options
  const counting: Operator<K, V, K, number> =
    window === undefined
      ? aggregate<K, V, number>(name, { initial: () => 0, add })
      : aggregate<K, V, number>(name, { ...rest, window, initial: () => 0, add })
  return { ...counting, kind: 'count' }
}
