import { type Codec, int } from '@weir/core'
import { mapStateOf } from './internal/mapStateOf.ts'
import type { State, StateOptions } from './State.ts'

/** A list of the current key, in the order in which it was added to. Any length takes a bounded amount of memory. */
export interface ListState<V> {
  /** Adds an element at the end. */
  add(value: V): void
  /** The elements from the first to the last, or in reverse. The list may be changed while it is walked through. */
  values(options?: { readonly reverse?: boolean | undefined }): Generator<V, void, undefined>
  /** Removes the first element and gives it; `undefined` when there is none. */
  shift(): V | undefined
  isEmpty(): boolean
  /** Removes all elements; costs as many steps as there are. */
  clear(): void
}

/**
 * State of a list a key, for `process`. It is a map store whose subkeys are numbers that grow.
 *
 * @param codec - of the elements
 * @throws InvalidOption
 * @example
 * import { utf8 } from '@weir/core'
 * listState(utf8).storeOf('last-pages').kind // => 'map'
 */
export const listState = <V>(codec: Codec<V>, options: StateOptions = {}): State<ListState<V>> => {
  const map = mapStateOf('listState', int, codec, options)
  return {
    ...map,
    kind: 'list',
    attach: (place) => {
      const { handle, expire } = map.attach(place)
      return {
        handle: {
          add: (value) => {
            const [last] = handle.entries({ reverse: true, limit: 1 })
            handle.put(last === undefined ? 0 : last[0] + 1, value)
          },
          *values({ reverse = false } = {}) {
            for (const [, value] of handle.entries({ reverse })) yield value
          },
          shift: () => {
            const [first] = handle.entries({ limit: 1 })
            if (first !== undefined) handle.delete(first[0])
            return first?.[1]
          },
          isEmpty: () => handle.isEmpty(),
          clear: () => handle.clear(),
        },
        expire,
      }
    },
  }
}
