// The one ordered key space of the environment. A first byte says what a key is; numbers are big-endian, so that
// keys of one kind and partition lie together in order.
//
//   0 row key                                  -> the caller's row
//   1 partition u32                            -> tail: end f64, running timestamp f64
//   2 partition u32, group utf8                -> position f64
//   3 partition u32, producer id f64           -> what is remembered of a producer, see producerRow.ts
//   4 scope u32, message id utf8               -> where the first record with this id is: partition u32, offset f64
//   5 partition u32, base offset u64           -> sealed record batch

/** The largest key that lmdb takes is 1978 bytes; ours leave room for the prefix. */
export const keyBytesMax = 1_900

export const rowPrefix = 0
const tailPrefix = 1
const positionPrefix = 2
const producerPrefix = 3
const dedupPrefix = 4
const batchPrefix = 5

export const rowStorageKey = (key: Uint8Array): Buffer => {
  const bytes = Buffer.allocUnsafe(1 + key.length)
  bytes[0] = rowPrefix
  bytes.set(key, 1)
  return bytes
}

export const tailKey = (partition: number): Buffer => withPartition(tailPrefix, partition, 0)

export const positionKey = (group: string, partition: number): Buffer => withText(positionPrefix, partition, group)

export const producerKey = (partition: number, producerId: number): Buffer => {
  const bytes = withPartition(producerPrefix, partition, 8)
  bytes.writeDoubleBE(producerId, 5)
  return bytes
}

export const dedupKey = (scope: number, id: string): Buffer => withText(dedupPrefix, scope, id)

export const batchKey = (partition: number, baseOffset: number): Buffer => {
  const bytes = withPartition(batchPrefix, partition, 8)
  bytes.writeUInt32BE(Math.floor(baseOffset / 2 ** 32), 5)
  bytes.writeUInt32BE(baseOffset % 2 ** 32, 9)
  return bytes
}

/** The base offset in a batch's key. */
export const baseOffsetOf = (key: Uint8Array): number => {
  const view = new DataView(key.buffer, key.byteOffset)
  return view.getUint32(5) * 2 ** 32 + view.getUint32(9)
}

const withPartition = (prefix: number, partition: number, more: number): Buffer => {
  const bytes = Buffer.allocUnsafe(5 + more)
  bytes[0] = prefix
  bytes.writeUInt32BE(partition, 1)
  return bytes
}

const withText = (prefix: number, partition: number, text: string): Buffer => {
  const bytes = withPartition(prefix, partition, Buffer.byteLength(text))
  bytes.write(text, 5)
  return bytes
}
