import type { Environment } from './environment.ts'
import { folderFormatVersion, writeMarker } from './folder.ts'
import { isLogKey, partitionOfTailKey, partitionsRange, space } from './keys.ts'
import { decodeTail, encodeNumber, encodeTail } from './tail.ts'

/**
 * Makes a folder of an older format version one of the newest. To be called while the gate is held. Of version 1 it reads every
 * batch once; in one of version 2 nothing is to be changed. A process that dies meanwhile leaves the folder as it was.
 */
export const migrate = (folder: string, data: Environment, version: number): void => {
  data.transactionSync(() => {
    if (version === 1) countBytes(data)
    data.put(new Uint8Array([space.format]), encodeNumber(folderFormatVersion))
  })
  writeMarker(folder)
}

/** Counts the bytes of each partition into its tail. */
const countBytes = (data: Environment): void => {
  const tails = new Map<number, { readonly key: Uint8Array; readonly value: Uint8Array; readonly bytes: number }>()
  let bytes = 0
  // the tail of a partition lies behind its batches
  for (const { key, value } of data.getRange(partitionsRange)) {
    const partition = partitionOfTailKey(key)
    if (isLogKey(key)) bytes += value.length
    if (partition === undefined) continue
    tails.set(partition, { key: Uint8Array.from(key), value: Uint8Array.from(value), bytes })
    bytes = 0
  }
  for (const { key, value, bytes: counted } of tails.values()) {
    data.put(key, encodeTail({ ...decodeTail(value), bytes: counted }))
  }
}
