import type { Codec, SubkeyRange } from '@weir/core'
import { mapStateOf } from './internal/mapStateOf.ts'
import type { State, StateOptions } from './State.ts'

/** A map of the current key, in the order of its subkeys' bytes. Any number of entries takes a bounded amount of memory. */
export interface MapState<S, V> {
  /** `undefined` when there is none, or it has expired. It may be changed in place if it is then `put`. */
  get(subkey: S): V | undefined
  has(subkey: S): boolean
  put(subkey: S, value: V): void
  delete(subkey: S): void
  /**
   * The entries in order, all or a part of them. The map may be changed while it is walked through: what lies ahead is given
   * as it is by then.
   */
  entries(range?: SubkeyRange<S>): Generator<readonly [S, V], void, undefined>
  isEmpty(): boolean
  /** Removes all entries; costs as many steps as there are. */
  clear(): void
}

/**
 * State of a map a key, for `process`.
 *
 * @param subkey - an `ordered` codec, such as `utf8`, `int` or a `pair` of them, keeps the entries in the order of the subkeys
 * @param codec - of the values
 * @throws InvalidOption
 * @example
 * import { float64, int } from '@weir/core'
 * mapState(int, float64).storeOf('prices').kind // => 'map'
 */
export const mapState = <S, V>(subkey: Codec<S>, codec: Codec<V>, options: StateOptions = {}): State<MapState<S, V>> =>
  mapStateOf('mapState', subkey, codec, options)
