import { textBytes } from '../codec/textBytes.ts'
import { writeWord } from '../codec/words.ts'

// How rows are named: [store u32][partition u32][key]. Everything that is not a record is such a row.

/** Stores that Weir itself keeps; the ids of user stores begin at `firstUserStore`. */
export const systemStores = {
  /** topic name -> TopicInfo as JSON */
  topics: 1,
  /** `job/store` name -> store id and codecs as JSON */
  stores: 2,
  /** owner -> epoch */
  epochs: 3,
  /** counters for ids: 'partition', 'store', 'producer' */
  counters: 4,
  /** a job's progress by task: watermarks */
  progress: 5,
  /** group -> members and owners as JSON, and the run to the end they are in */
  groups: 6,
  /** member of a group -> a counter that grows while it is alive */
  heartbeats: 7,
  /** exchange -> its type and version as JSON; exchange, target topic and rule -> a binding as JSON */
  bindings: 8,
  /** id -> a half message as JSON; id -> how it ended, see `@weir/messaging` */
  halfMessages: 9,
  /** name and key of a shared rate limit -> the state of its bucket as JSON */
  limits: 10,
  /** partition -> how far compaction has come there, as JSON */
  compaction: 11,
  /** name of an outbox -> the cursor behind the last row that was relayed, as JSON; see `@weir/messaging` */
  outboxes: 12,
  /** one row, of a storage that a savepoint is or was written to: what it is of, and whether all of it is there, as JSON */
  savepoint: 13,
} as const

/** The first store id given to a user's store; those below it are kept for later system stores. */
export const firstUserStore = 1024

/** The row key of a store's key: big-endian ids, so that rows of a store and partition lie together in order. */
export const rowKey = (store: number, partition: number, key: Uint8Array): Uint8Array => {
  const row = new Uint8Array(rowHeadBytes + key.length)
  writeRowHead(row, store, partition)
  row.set(key, rowHeadBytes)
  return row
}

/** How many bytes of a row's key come before the store's own. */
export const rowHeadBytes = 8

/** Writes what the keys of a store's rows begin with. */
export const writeRowHead = (row: Uint8Array, store: number, partition: number): void => {
  writeWord(row, 0, store)
  writeWord(row, 4, partition)
}

/** The smallest row key that is larger than every key of the store's partition. */
export const rowKeyEnd = (store: number, partition: number): Uint8Array =>
  partition === 0xffff_ffff ? rowKey(store + 1, 0, new Uint8Array(0)) : rowKey(store, partition + 1, new Uint8Array(0))

/** The row that holds an owner's epoch. */
export const epochRow = (owner: string): Uint8Array => rowKey(systemStores.epochs, 0, textBytes(owner))

/** An epoch as a row's value: a big-endian u32. */
export const epochValue = (epoch: number): Uint8Array => {
  const bytes = new Uint8Array(4)
  writeWord(bytes, 0, epoch)
  return bytes
}

/** The epoch in a row's value; 0 for an owner without one. */
export const epochOf = (value: Uint8Array | undefined): number =>
  value === undefined ? 0 : new DataView(value.buffer, value.byteOffset, 4).getUint32(0)
