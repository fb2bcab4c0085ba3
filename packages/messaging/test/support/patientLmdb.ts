import type { StorageProvider } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'

/** A folder on a machine that may be busy with other tests: what takes long there has not stalled. */
export const patientLmdb = (path: string): StorageProvider => lmdb(path, { stallAfterMs: 60_000 })
