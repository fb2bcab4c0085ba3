import { rowKey } from '../ports/rows.ts'

// A map store's keys are [length of the key, 4 bytes][key][subkey]: all of a key together, in the order of the subkeys.

const lengthBytes = 4

/** What the row keys of a key begin with. */
export const mapPrefix = (store: number, partition: number, key: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(lengthBytes + key.length)
  new DataView(bytes.buffer).setUint32(0, key.length)
  bytes.set(key, lengthBytes)
  return rowKey(store, partition, bytes)
}

/** The smallest row key that is larger than all that begin with the prefix. */
export const mapPrefixEnd = (prefix: Uint8Array): Uint8Array => {
  let length = prefix.length
  while (prefix[length - 1] === 0xff) length--
  const end = prefix.slice(0, length)
  end[length - 1]!++
  return end
}

/** The row key of a subkey. */
export const mapRowKey = (prefix: Uint8Array, subkey: Uint8Array): Uint8Array => {
  const row = new Uint8Array(prefix.length + subkey.length)
  row.set(prefix)
  row.set(subkey, prefix.length)
  return row
}

/** The encoded key and subkey, out of a row key of `mapRowKey`. */
export const mapKeysOf = (row: Uint8Array): { readonly key: Uint8Array; readonly subkey: Uint8Array } => {
  const start = 8 + lengthBytes
  const end = start + new DataView(row.buffer, row.byteOffset + 8, lengthBytes).getUint32(0)
  return { key: row.subarray(start, end), subkey: row.subarray(end) }
}
