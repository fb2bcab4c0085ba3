import { type Codec, invariant, type MapStoreDefinition, type SubkeyRange } from '@weir/core'
import { isLeft } from 'fp-ts/lib/Either.js'
import type { MapState } from '../mapState.ts'
import type { State, StateOptions } from '../State.ts'
import { cellOf, requireNotNull } from './cellOf.ts'

/** What map and list state have in common: a map a key, whose entries may expire. */
export const mapStateOf = <S, V>(
  what: string,
  subkey: Codec<S>,
  codec: Codec<V>,
  options: StateOptions,
): State<MapState<S, V>> => {
  const cell = cellOf(what, codec, options)
  requireNotNull(what, subkey)
  const storeOf = (name: string): MapStoreDefinition<unknown, S, unknown> => ({
    name,
    kind: 'map',
    subkey,
    value: cell.codec,
  })
  return {
    kind: 'map',
    expires: cell.expires,
    storeOf,
    attach: ({ context: { clock, mapStore }, store, key, expiresAt }) => {
      const maps = mapStore(storeOf(store))
      const get = (at: S): V | undefined => {
        const stored = maps.get(key(), at)
        return stored === undefined ? undefined : cell.unpack(stored, clock)
      }
      function* entries({ limit = Infinity, ...range }: SubkeyRange<S> = {}): Generator<readonly [S, V], void> {
        let left = limit
        if (left <= 0) return
        for (const [at, stored] of maps.range(key(), cell.expires ? range : { ...range, limit })) {
          const value = cell.unpack(stored, clock)
          if (value === undefined) continue
          yield [at, value]
          if (--left <= 0) return
        }
      }
      return {
        handle: {
          get,
          has: (at) => get(at) !== undefined,
          put: (at, value) => {
            const stored = cell.pack(value, clock)
            if (cell.expires && maps.get(key(), at) === undefined) expiresAt(cell.endOf(stored), subkey.encode(at))
            maps.put(key(), at, stored)
          },
          delete: (at) => maps.delete(key(), at),
          entries,
          isEmpty: () => entries({ limit: 1 }).next().done === true,
          clear: () => {
            for (const [at] of maps.range(key())) maps.delete(key(), at)
          },
        },
        expire: (of, bytes) => {
          const at = subkey.decode(bytes)
          invariant(!isLeft(at), `the subkeys of store '${store}' come back as they were written`)
          const stored = maps.get(of, at.right)
          if (stored === undefined) return undefined
          if (cell.unpack(stored, clock) !== undefined) return cell.endOf(stored)
          maps.delete(of, at.right)
          return undefined
        },
      }
    },
  }
}
