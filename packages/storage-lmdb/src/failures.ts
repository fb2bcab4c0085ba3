import { statfsSync } from 'node:fs'
import { StorageFailed, WeirError } from '@weir/core/storage'

// Errors of lmdb become failures of Weir here and nowhere else.

/** What became of a write that failed. */
export interface Failure {
  readonly tag: 'StorageFailed' | 'StorageFull'
  readonly message: string
}

const diskFull = 28
const quotaExceeded = 122
/** With less room than this nothing is written; and a write that failed all the same is put down to lack of room. */
export const roomBytesMin: number = 1 << 20

/**
 * What an error of a write transaction means for its commits. None of them was applied when it is `StorageFull`.
 *
 * @param bytes - about what the transaction had to write
 */
export const failureOf = (error: unknown, folder: string, bytes: number): Failure => {
  const code = codeOf(error)
  const said = error instanceof Error ? error.message : String(error)
  if (code === diskFull || code === quotaExceeded || freeBytes(folder) < Math.max(roomBytesMin, 2 * bytes)) {
    return {
      tag: 'StorageFull',
      message: `the disk of ${folder} has no room; nothing of the commit was applied (${said})`,
    }
  }
  return {
    tag: 'StorageFailed',
    message: `lmdb could not commit to ${folder}; whether anything was applied is unknown: ${said}`,
  }
}

/** What is said of a transaction that was refused for lack of room, without being tried. */
export const noRoom = (folder: string): Failure => ({
  tag: 'StorageFull',
  message: `the disk of ${folder} has no room; nothing of the commit was applied`,
})

/** What an error of a read means. */
export const readFailed = (cause: unknown): WeirError =>
  cause instanceof WeirError
    ? cause
    : new StorageFailed(`lmdb could not read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })

const codeOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number'
    ? error.code
    : undefined

/** The room on the disk of a folder, in bytes; Infinity when it cannot be told. */
export const freeBytes = (folder: string): number => {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    // a disk that does not even answer this has more than lack of room
    return Infinity
  }
}
