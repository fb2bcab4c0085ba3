import type { TaskContext } from '../job/Operator.ts'
import type { MapStore, MapStoreDefinition } from '../job/Store.ts'
import { StoreMismatch } from '../model/errors.ts'
import { murmur2 } from '../model/murmur2.ts'
import type { ProcessingOrder } from './HandlerOptions.ts'
import { decodePending, encodePending, pendingKey, type PendingRecord } from './pendingRow.ts'

/**
 * Records that wait until a dead letter is sent back: by key, or for the whole partition, in the order of the log. They are
 * rows, however many there are, and nothing of them is in memory but what the store's cache has.
 *
 * The first of a key is the one that was given up, due at `Infinity`. When it has come back, what is behind it goes on
 * one by one, and records that come meanwhile go behind the last.
 */
export class Held {
  readonly #store: MapStore<Uint8Array, number, Uint8Array>
  readonly #order: ProcessingOrder
  /** Nothing is looked up before anything is held. */
  #isUsed: boolean

  /** @throws StoreMismatch when records are held that came in another order */
  constructor(
    context: TaskContext,
    definition: MapStoreDefinition<Uint8Array, number, Uint8Array>,
    order: ProcessingOrder,
  ) {
    this.#store = context.mapStore(definition)
    this.#order = order
    const stored = context
      .taskRows(definition as never)
      .entries()
      .next()
    this.#isUsed = stored.done !== true
    // a map's row begins with the length of its key, in 4 bytes
    if (stored.done !== true && stored.value[0][4] !== tags[order]) {
      throw new StoreMismatch(
        `store '${definition.name}' holds records by another order than '${order}'; expected that order until they have been ` +
          'sent back by redrive',
      )
    }
  }

  /** Whether the record has to wait: an earlier one of its lane is held, or itself. */
  isBehind(keyBytes: Uint8Array | null, offset: number): boolean {
    const first = this.#first(keyBytes)
    return first !== undefined && first[0] <= offset
  }

  /** The record that was given up, if it is this one that its lane waits for. */
  parked(keyBytes: Uint8Array | null, offset: number): PendingRecord | undefined {
    const first = this.first(keyBytes)
    return first?.offset === offset && first.dueMs === Infinity ? first : undefined
  }

  /** The first one that is held of the record's lane. */
  first(keyBytes: Uint8Array | null): PendingRecord | undefined {
    const found = this.#first(keyBytes)
    return found === undefined ? undefined : decodePending(pendingKey(found[0]), found[1])
  }

  /** One that is held already, and is read again after a seek, stays as it is. */
  add(record: PendingRecord): void {
    this.#isUsed = true
    const lane = this.#laneOf(record.key)
    if (record.dueMs === Infinity || this.#store.get(lane, record.offset) === undefined)
      this.#store.put(lane, record.offset, encodePending(record))
  }

  remove({ key, offset }: PendingRecord): void {
    this.#store.delete(this.#laneOf(key), offset)
  }

  #first(keyBytes: Uint8Array | null): readonly [number, Uint8Array] | undefined {
    if (!this.#isUsed) return undefined
    const { value } = this.#store.range(this.#laneOf(keyBytes), { limit: 1 }).next()
    return value ?? undefined
  }

  /** Keys of rows are bounded: of a long key the rest is a hash, and keys that are the same by it are held together. */
  #laneOf(keyBytes: Uint8Array | null): Uint8Array {
    const key = this.#order === 'partition' || keyBytes === null ? none : keyBytes
    const lane = new Uint8Array(1 + Math.min(key.length, laneBytesMax))
    lane[0] = tags[this.#order]
    lane.set(key.subarray(0, laneBytesMax), 1)
    if (key.length > laneBytesMax) new DataView(lane.buffer).setInt32(laneBytesMax - 3, murmur2(key))
    return lane
  }
}

const tags = { partition: 0, key: 1, none: 2 }
const laneBytesMax = 512
const none = new Uint8Array(0)
