import { statfsSync } from 'node:fs'

/** Foreign errors, of lmdb and the file system, become one of Weir's here and nowhere else. */
export interface Failure {
  readonly tag: 'StorageFailed' | 'StorageFull'
  readonly message: string
}

const noSpace = 28
const mapFull = -30_792
/** Below this a failed write is put down to lack of room: some file systems say EIO for it. */
const roomBytesMin = 1 << 20

/** What an error of a transaction means for the commits in it. */
export const failureOf = (error: unknown, folder: string): Failure => {
  const code = codeOf(error)
  const said = error instanceof Error ? error.message : String(error)
  if (code === noSpace || code === mapFull || freeBytes(folder) < roomBytesMin) {
    const room = code === mapFull ? 'the map of the environment (mapSizeBytes) is full' : 'the disk has no room'
    return { tag: 'StorageFull', message: `${room}; nothing of the commit was applied (${said})` }
  }
  return { tag: 'StorageFailed', message: `lmdb failed to commit, the outcome is unknown: ${said}` }
}

const codeOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number' ? error.code : undefined

const freeBytes = (folder: string): number => {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return Infinity
  }
}
