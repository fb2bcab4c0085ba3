import { open, type RootDatabase } from 'lmdb'

/** The baseline: lmdb as it comes, keys and values as bytes, with what is visible being durable. */
export const openRaw = (path: string): RootDatabase<Uint8Array, Uint8Array> =>
  open<Uint8Array, Uint8Array>({
    path,
    encoding: 'binary',
    keyEncoding: 'binary',
    overlappingSync: false,
    mapSize: 64 * 2 ** 30,
  })

/** `[partition u32][offset u64]`, big-endian. */
export const rawKey = (partition: number, offset: number): Uint8Array => {
  const key = Buffer.alloc(12)
  key.writeUInt32BE(partition, 0)
  key.writeBigUInt64BE(BigInt(offset), 4)
  return key
}
