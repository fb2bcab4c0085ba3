import type { Codec, StoreDefinition } from '@weir/core'
import { cellOf } from './internal/cellOf.ts'
import type { State, StateOptions } from './State.ts'

/** One value of the current key. */
export interface ValueState<V> {
  /** `undefined` when there is none, or it has expired. It may be changed in place if it is then `put`. */
  get(): V | undefined
  put(value: V): void
  clear(): void
}

/**
 * State of one value a key, for `process`.
 *
 * @param codec - its name is kept with the state: another one is refused, and so is a time to live where there was none
 * @throws InvalidOption
 * @example
 * import { int32, hours } from '@weir/core'
 * valueState(int32, { ttlMs: hours(1) }).kind // => 'value'
 */
export const valueState = <V>(codec: Codec<V>, options: StateOptions = {}): State<ValueState<V>> => {
  const cell = cellOf('valueState', codec, options)
  const storeOf = (name: string): StoreDefinition<unknown, unknown> => ({ name, kind: 'key-value', value: cell.codec })
  return {
    kind: 'value',
    expires: cell.expires,
    storeOf,
    attach: ({ context: { clock, keyValueStore }, store, key, expiresAt }) => {
      const values = keyValueStore(storeOf(store))
      return {
        handle: {
          get: () => {
            const stored = values.get(key())
            return stored === undefined ? undefined : cell.unpack(stored, clock)
          },
          put: (value) => {
            const stored = cell.pack(value, clock)
            if (cell.expires && values.get(key()) === undefined) expiresAt(cell.endOf(stored), alone)
            values.put(key(), stored)
          },
          clear: () => values.delete(key()),
        },
        expire: (of) => {
          const stored = values.get(of)
          if (stored === undefined) return undefined
          if (cell.unpack(stored, clock) !== undefined) return cell.endOf(stored)
          values.delete(of)
          return undefined
        },
      }
    },
  }
}

const alone = new Uint8Array(0)
