import { memoryStorage, virtualClock } from '@weir/testing'
import type { Codec } from '../../../src/codec/Codec.ts'
import { float64 } from '../../../src/codec/float64.ts'
import { int32 } from '../../../src/codec/int32.ts'
import { msgpack } from '../../../src/codec/msgpack.ts'
import { utf8 } from '../../../src/codec/utf8.ts'
import { commitOf } from '../../../src/ports/Commit.ts'
import { PackedRows } from '../../../src/ports/PackedRows.ts'
import type { Storage } from '../../../src/ports/Storage.ts'
import type { StoreLocation } from '../../../src/runtime/CachedKeyValueStore.ts'
import type { TaskStore } from '../../../src/runtime/TaskStore.ts'

/** Keys of a few kinds, since some are their own place in a map and others are not. */
export interface Kind {
  readonly name: string
  readonly codec: Codec<unknown>
  readonly keys: ReadonlyArray<unknown>
}
export const kinds: ReadonlyArray<Kind> = [
  { name: 'text', codec: utf8 as Codec<unknown>, keys: ['', 'a', 'b', 'aa', 'é', '\u{1f600}'] },
  { name: 'numbers', codec: int32 as Codec<unknown>, keys: [0, 1, -1, 255, 256, -256] },
  { name: 'floats', codec: float64 as Codec<unknown>, keys: [0, -0, NaN, 1.5, -1.5, Infinity] },
  { name: 'objects', codec: msgpack<unknown>(), keys: [{ a: 1 }, { a: 2 }, ['x'], { b: 1 }, {}, [1, 2]] },
]

/**
 * A store over a storage whose commits become durable later than they are made: `durable` acknowledges the oldest one
 * under way. A restart forgets the cache, and what is not durable.
 */
export class Rig<S extends TaskStore> {
  readonly clock = virtualClock()
  readonly storage: Storage = memoryStorage({ clock: this.clock })
  readonly #make: (storage: Storage) => S
  store: S
  #commits = 0
  #underWay: Array<{ readonly commit: number; readonly rows: PackedRows }> = []

  constructor(make: (storage: Storage) => S) {
    this.#make = make
    this.store = make(this.storage)
  }

  flush(): void {
    const rows = new PackedRows()
    this.store.flush(rows, ++this.#commits)
    this.#underWay.push({ commit: this.#commits, rows })
  }

  /** @returns whether there was one */
  async durable(): Promise<boolean> {
    const oldest = this.#underWay.shift()
    if (oldest === undefined) return false
    void this.storage.commit(commitOf({ rows: oldest.rows }))
    await this.clock.settle()
    this.store.committed(oldest.commit)
    return true
  }

  async settle(): Promise<void> {
    this.flush()
    while (await this.durable()) {
      // until none is left
    }
  }

  restart(): void {
    this.store = this.#make(this.storage)
  }
}

export const locationOf = ({ codec }: Kind): StoreLocation<unknown, number> => ({
  name: 's',
  id: 1_024,
  partition: 3,
  key: codec,
  value: int32,
})
