import type { Storage } from '@weir/core'

/** A promise of the storage port, and the test of it. */
export interface StorageCase {
  readonly name: string
  /** What the storage must be able to do for the case to make sense. */
  readonly needs?: 'reopen' | 'shared'
  /** @param storage - open, and empty */
  readonly run: (storage: Storage, place: StoragePlace) => Promise<void>
}

/** Where the storage under test keeps its data. What is opened here is closed after the case. */
export interface StoragePlace {
  /** Opens the same data again. */
  readonly open: () => Promise<Storage>
  /** Another, empty place; gives its `open`. */
  readonly fresh: () => Promise<() => Promise<Storage>>
}
