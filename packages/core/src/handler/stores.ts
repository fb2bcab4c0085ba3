import { bytes } from '../codec/bytes.ts'
import type { StoreDefinition } from '../job/Store.ts'

/** What a handler keeps beside its outputs. */
export interface HandlerStores {
  /** Records that are not settled. */
  readonly pending: StoreDefinition<unknown, unknown>
  /** Ids, versions and results that all tasks of the job share. */
  readonly ids: StoreDefinition<unknown, unknown>
}

/** The stores of the handler of this name. */
export const storesOf = (name: string): HandlerStores => ({
  pending: storeOf(`${name}-pending`),
  ids: storeOf(`${name}-ids`),
})

const storeOf = (name: string): StoreDefinition<unknown, unknown> =>
  ({ name, kind: 'key-value', key: bytes, value: bytes }) as StoreDefinition<Uint8Array, Uint8Array> as never
