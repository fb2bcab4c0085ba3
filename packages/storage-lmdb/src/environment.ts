import { join } from 'node:path'
import { open, type RootDatabase } from 'lmdb'

/** An open environment of lmdb: keys and values are bytes. */
export type Environment = RootDatabase<Buffer, Buffer>

/** Reader slots: each process and each snapshot takes one, and whoever creates the lock file sets how many there are. */
const maxReaders = 2_048

const shared = {
  encoding: 'binary',
  keyEncoding: 'binary',
  maxReaders,
  // visible means durable: by default lmdb-js shows a commit before it is synced
  overlappingSync: false,
  permissionsMode: 0o600,
} as const

/** An empty environment whose write transaction is a lock over processes: robust, since the kernel frees it when its holder dies. */
export const openGate = (folder: string): Environment =>
  open<Buffer, Buffer>({ ...shared, path: join(folder, 'gate.mdb'), mapSize: 1 << 20 })

/**
 * The environment with the data. To be called while the gate is held: lmdb stores a stale transaction number when it opens
 * beside a commit of another process, which destroys that commit.
 */
export const openData = (folder: string, mapSizeBytes: number): Environment =>
  open<Buffer, Buffer>({ ...shared, path: dataPath(folder), mapSize: mapSizeBytes })

/** The environment of this process, which another thread has opened, for reading: takes no lock. */
export const openDataForReading = (folder: string, mapSizeBytes: number): Environment =>
  open<Buffer, Buffer>({ ...shared, path: dataPath(folder), mapSize: mapSizeBytes, readOnly: true })

const dataPath = (folder: string): string => join(folder, 'data.mdb')
