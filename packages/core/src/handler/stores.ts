import { bytes } from '../codec/bytes.ts'
import { float64 } from '../codec/float64.ts'
import type { MapStoreDefinition, StoreDefinition } from '../job/Store.ts'

/** What a handler keeps beside its outputs. */
export interface HandlerStores {
  /** Records that are not settled. */
  readonly pending: StoreDefinition<unknown, unknown>
  /** Records that wait until a dead letter is sent back: by lane, in the order of their offsets. */
  readonly held: MapStoreDefinition<Uint8Array, number, Uint8Array>
  /** Ids, versions and results that all tasks of the job share. */
  readonly ids: StoreDefinition<unknown, unknown>
}

/** The stores of the handler of this name. */
export const storesOf = (name: string): HandlerStores => ({
  pending: storeOf(`${name}-pending`),
  held: { name: `${name}-held`, kind: 'map', key: bytes, subkey: float64, value: bytes },
  ids: storeOf(`${name}-ids`),
})

/** The handlers that have stores among these names of one job's: told by their three stores. */
export const handlersAmong = (names: ReadonlySet<string>): ReadonlyArray<HandlerStores> =>
  [...names].flatMap((name) => {
    const stores = storesOf(name.replace(/-pending$/, ''))
    const isOne = stores.pending.name === name && names.has(stores.held.name) && names.has(stores.ids.name)
    return isOne ? [stores] : []
  })

const storeOf = (name: string): StoreDefinition<unknown, unknown> =>
  ({ name, kind: 'key-value', key: bytes, value: bytes }) as StoreDefinition<Uint8Array, Uint8Array> as never
