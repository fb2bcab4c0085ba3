import {
  type Codec,
  InvalidOption,
  msgpack,
  operate,
  type Operator,
  type StoreDefinition,
  type Window,
  type WindowOrNone,
} from '@weir/core'
import { aggregate, type EmitOptions } from './aggregate.ts'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'
import { requireWindow } from './internal/requireWindow.ts'
import type { ByWindow, Windows } from './Windows.ts'

/** What is on top. */
export interface TopNOptions<K, V> extends EmitOptions<K, V> {
  /** What values are compared by: those with the largest come first. */
  readonly by: (value: V) => number
  /** What a value is of: it takes the place of the one before it of the same id. Without it each value stands for itself. */
  readonly idOf?: (value: V) => string
  /** The top of each window; of all time without it. */
  readonly window?: Windows
  /** Of the lists; MessagePack by default. */
  readonly codec?: Codec<V[]>
  /** Of the values that sliding windows keep; MessagePack by default. No other windows keep any. */
  readonly values?: Codec<V>
}

/**
 * Keeps the `n` largest values of each key, over all time or by window, and gives them on as a list, the largest first:
 * over all time whenever it has changed, by window as `emit` says. Of equal values the one with the smaller id comes first, or
 * the one that was there before.
 *
 * No more than `n` values are kept. So with `idOf` the list is exact as long as the values of an id only grow, as counts and
 * sums do: one that has fallen may still stand before another that was dropped. A record for which `by` gives NaN is set aside.
 *
 * @param name - of the store; stable, because state is found by it
 * @param n - a whole number of at least 1
 * @throws InvalidName, InvalidOption
 */
export function topN<K, V>(
  name: string,
  n: number,
  options: TopNOptions<K, V> & ByWindow,
): Operator<K, V, K, V[], WindowOrNone, Window>
export function topN<K, V>(name: string, n: number, options: TopNOptions<K, V>): Operator<K, V, K, V[]>
export function topN<K, V>(name: string, n: number, options: TopNOptions<K, V>): Operator<K, V, K, V[]> {
  const what = namedOperator('topN', name)
  requireOptions(what, options, ['by', 'idOf', 'window', 'codec', 'values', 'emit', 'late'], ['by'])
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new InvalidOption(`${what}: n is ${n}; expected a whole number of at least 1`)
  }
  requireWindow(what, options)
  const { window, codec = msgpack<V[]>(), values, by, idOf, ...rest } = options
  const ranking = rankingOf(n, what, { by, idOf })
  if (window === undefined) return ofAllTime({ name, kind: 'key-value', value: codec }, ranking)
  const windowed = {
    ...rest,
    codec,
    initial: (): V[] => [],
    add: ranking,
    merge: (_: K, earlier: V[], later: V[]) => later.reduce(ranking, earlier),
  }
  const ranked =
    window.kind === 'session'
      ? aggregate<K, V, V[]>(name, { ...windowed, window })
      : aggregate<K, V, V[]>(name, { ...windowed, window, ...(values === undefined ? {} : { values }) })
  return { ...ranked, kind: 'topN' }
}

const ofAllTime = <K, V>(
  store: StoreDefinition<K, V[]>,
  ranking: (list: V[], value: V) => V[],
): Operator<K, V, K, V[]> => ({
  kind: 'topN',
  name: store.name,
  stores: [store as unknown as StoreDefinition<unknown, unknown>],
  outputs: [],
  keyed: true,
  revalues: { value: store.value as Codec<unknown> },
  keepsResult: true,
  attach: (context) => {
    const lists = context.keyValueStore(store)
    return operate({
      next: (record, out) => {
        const before = lists.get(record.key) ?? []
        const value = ranking(before, record.value)
        if (value === before) return
        lists.put(record.key, value)
        out.next({ ...record, value, stored: undefined })
      },
    })
  },
})

/** The list with one more value; the same list when that is not among the largest. */
const rankingOf =
  <V>(
    n: number,
    what: string,
    { by, idOf }: { readonly by: (value: V) => number; readonly idOf: ((value: V) => string) | undefined },
  ) =>
  (list: V[], value: V): V[] => {
    const id = idOf?.(value)
    const others = id === undefined ? list : list.filter((other) => idOf!(other) !== id)
    const score = by(value)
    if (Number.isNaN(score)) throw new InvalidOption(`${what}: by gave NaN for a value; expected a number`)
    const comesBefore = (other: V): boolean => {
      const difference = score - by(other)
      return difference > 0 || (difference === 0 && id !== undefined && id < idOf!(other))
    }
    const found = others.findIndex(comesBefore)
    const place = found === -1 ? others.length : found
    if (place >= n) return others.length === list.length ? list : others
    return others.toSpliced(place, 0, value).slice(0, n)
  }
