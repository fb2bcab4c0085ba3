import { isLeft, right } from 'fp-ts/lib/Either.js'
import type { Codec } from '../codec/Codec.ts'
import { codecName } from '../codec/codecName.ts'
import { decodeFailure } from '../codec/decodeFailure.ts'
import { int, writeInt } from '../codec/int.ts'
import { writeWord } from '../codec/words.ts'
import type { StoreDefinition } from './Store.ts'

/** The definition of a store of values that wait, by key and time. Made by `bufferStore`. */
export interface BufferStoreDefinition<V> extends StoreDefinition<BufferKey<unknown>, V> {
  readonly kind: 'window'
  readonly pageLog: number
  /** The order of values of one key and time; that in which they come by default. */
  readonly order?: ((a: V, b: V) => number) | undefined
}

/** A value in a buffer store. */
export interface BufferEntry<K, V> {
  readonly key: K
  readonly timeMs: number
  /** May be changed in place if `changed` is told. */
  readonly value: V
}

/**
 * Values of each key in the order of their time, any number of one time: what a join holds until its window is over. They
 * lie in pages of time, so that the old ones go from the front, and of the pages that are in memory it is known which keys
 * they do not hold.
 */
export interface BufferStore<K, V> {
  /** Adds a value to those of the same key and time, in their order; the time is a safe integer and not before what was taken. */
  add(key: K, timeMs: number, value: V): void
  /** The values of a key from a time to another one, both included, in order. */
  find(key: K, fromMs: number, toMs: number): ReadonlyArray<BufferEntry<K, V>>
  /** The value of an entry was changed in place. */
  changed(entry: BufferEntry<K, V>): void
  /** Removes what is before a time, and gives it in the order of time. To be walked through to its end. */
  takeBefore(timeMs: number): Iterable<BufferEntry<K, V>>
}

/** Where a value of a buffer store is within its page. */
export interface BufferKey<K> {
  readonly key: K
  readonly timeMs: number
  /** The base 2 logarithm of the page's length in ms when it was written. */
  readonly pageLog: number
  /** Of those of one key and time. */
  readonly nth: number
}

/** The codec of a buffer store's keys, made of that of the keys that arrive. */
export interface BufferKeys<K> extends Codec<BufferKey<K>> {
  readonly of: Codec<K>
}

/**
 * A buffer store, as a definition: it is a window store whose windows are pages.
 *
 * @param pageMs - how much time goes on a page, at least; a whole number of at least 1. Taking loads a page as a whole, and finding
 *   looks at each page that it touches. When it changes, what is stored is moved at the next start
 * @param order - of values of one key and time, where it is not to depend on which came first; they are compared as they are when
 *   they are added
 */
export const bufferStore = <V>(
  name: string,
  value: Codec<V>,
  pageMs: number,
  order?: (a: V, b: V) => number,
): BufferStoreDefinition<V> => ({
  name,
  kind: 'window',
  keyFrom: bufferKeys,
  value,
  pageLog: Math.ceil(Math.log2(pageMs)),
  order,
})

/** Whether it is the definition of a buffer store. */
export const isBuffer = (store: object): boolean => 'pageLog' in store

// [length of the key u32][key][time, 8 bytes][page u8][nth u32]: all of a key together, in the order of time
const lengthBytes = 4
const timeBytes = 8

/** How many bytes of a row's key lie behind the key. */
export const bufferTailBytes: number = timeBytes + 5

/** What all rows of a key begin with, within a page whose rows begin with `page`. */
export const bufferRowHead = (page: Uint8Array, key: Uint8Array): Uint8Array => {
  const at = page.length
  const head = new Uint8Array(at + lengthBytes + key.length)
  head.set(page)
  writeWord(head, at, key.length)
  head.set(key, at + lengthBytes)
  return head
}

/** Writes what comes behind the key. */
export const writeBufferTail = (into: Uint8Array, at: number, { timeMs, pageLog, nth }: BufferTail): void => {
  writeInt(timeMs, into, at)
  into[at + timeBytes] = pageLog
  writeWord(into, at + timeBytes + 1, nth)
}

type BufferTail = Pick<BufferKey<unknown>, 'timeMs' | 'pageLog' | 'nth'>

const noPage = new Uint8Array(0)

const bufferKeys = (of: Codec<unknown>): BufferKeys<unknown> => {
  const name = codecName('buffered', of.name)
  return {
    name,
    of,
    ...(of.nullable === true ? { nullable: true } : {}),
    encode: (value) => {
      const head = bufferRowHead(noPage, of.encode(value.key))
      const bytes = new Uint8Array(head.length + bufferTailBytes)
      bytes.set(head)
      writeBufferTail(bytes, head.length, value)
      return bytes
    },
    decode: (bytes) => {
      const tail = bytes.length - bufferTailBytes
      if (tail < lengthBytes) return decodeFailure(name, 'the bytes end too soon', bytes)
      const key = of.decode(bytes.subarray(lengthBytes, tail))
      if (isLeft(key)) return key
      const time = int.decode(bytes.subarray(tail, tail + timeBytes))
      if (isLeft(time)) return time
      const nth = new DataView(bytes.buffer, bytes.byteOffset + tail + timeBytes + 1, 4).getUint32(0)
      return right({ key: key.right, timeMs: time.right, pageLog: bytes[tail + timeBytes]!, nth })
    },
  }
}
