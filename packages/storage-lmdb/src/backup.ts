import { resolve } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { CompletableFuture, InvalidOption, StorageFull } from '@weir/core'
import { optionNames, requireKnown } from '@weir/core/protocol'
import { rowInCopy, StorageFailed, WeirError } from '@weir/core/storage'
import { type Environment, openDataToFill, openGate } from './environment.ts'
import { failureOf, noRoom } from './failures.ts'
import { beginBackup, completeBackup, inspectFolder } from './folder.ts'
import { FolderSnapshot, type Stored } from './FolderSnapshot.ts'
import { space } from './keys.ts'
import { checkedOptions, type LmdbOptions } from './lmdb.ts'
import type { LmdbSettings } from './LmdbStorage.ts'
import { Room } from './Room.ts'
import { isStoredLong } from './rowKeys.ts'

/** How a folder is backed up. */
export interface BackupOptions {
  /** Told after each step of about a mebibyte. */
  readonly onProgress?: (progress: BackupProgress) => void
  /** How both folders are opened. */
  readonly lmdb?: LmdbOptions
}

/** What was copied so far. */
export interface BackupProgress {
  /** Batches, rows, positions: whatever has a key. */
  readonly entries: number
  readonly bytes: number
}

/** A backup that is complete. */
export interface Backup extends BackupProgress {
  /** The folder of the copy, as an absolute path. */
  readonly folder: string
}

const backupOptionNames = optionNames<BackupOptions>({ onProgress: true, lmdb: true })

/**
 * Copies all of a folder, as of one moment and while other processes and this one go on with it, into another folder, which is
 * a Weir then as any other: to restore is to open it, or to put it in the place of the first one.
 *
 * The copy is between two commits, durable when the future completes, has no free room in it, and all rows in their places. Until then, and if the process
 * dies meanwhile, whoever opens the target gets StorageRefused. Nobody waits for a backup, and it waits for nobody: it reads a
 * snapshot. Room that is freed in the source meanwhile can be used again only when it has ended.
 *
 * What is damaged is copied as it is: `doctor` of the copy tells. Nobody has joined a group of the copy, so jobs go on in it at
 * once.
 *
 * @param path - of the folder to be copied
 * @param target - the path of a folder that is new or empty
 * @throws InvalidOption; fails with StorageRefused, StorageFull, StorageFailed, StorageStalled
 * @example
 * const storage = await lmdb('./data').open()
 * await storage.close()
 * await backup('./data', './copy')
 * const report = await doctor('./copy')
 * report.isHealthy // => true
 */
export const backup = (path: string, target: string, options: BackupOptions = {}): CompletableFuture<Backup> => {
  requireKnown('backup', options, backupOptionNames)
  const { onProgress = () => undefined, lmdb = {} } = options
  if (typeof onProgress !== 'function')
    throw new InvalidOption(`backup: onProgress is ${typeof onProgress}; expected a function`)
  checkedOptions(path, lmdb)
  const { settings, allowNetworkFileSystem } = checkedOptions(target, lmdb)
  if (resolve(path) === settings.folder)
    throw new InvalidOption(`backup: the target is '${settings.folder}', the folder itself; expected another one`)
  const copy = async (): Promise<Backup> => {
    const snapshot = await FolderSnapshot.open(path, lmdb)
    try {
      inspectFolder(settings.folder, allowNetworkFileSystem)
      return await write(snapshot, settings, onProgress)
    } finally {
      await snapshot.close()
    }
  }
  return CompletableFuture.supply(() => CompletableFuture.from(copy()))
}

const write = async (
  snapshot: FolderSnapshot,
  { folder, mapSizeBytes }: LmdbSettings,
  onProgress: (progress: BackupProgress) => void,
): Promise<Backup> => {
  beginBackup(folder)
  const gate = openGate(folder)
  const data = openDataToFill(folder, mapSizeBytes)
  const copied = { entries: 0, bytes: 0 }
  try {
    const room = new Room(folder)
    for (const stored of snapshot.pages()) {
      const page = stored.flatMap(inCopy)
      const bytes = page.reduce((sum, { key, value }) => sum + key.length + value.length, 0)
      if (!room.isFor(bytes)) throw new StorageFull(noRoom(folder).message)
      putPage(data, folder, page, bytes)
      copied.entries += page.length
      copied.bytes += bytes
      onProgress({ ...copied })
      await setImmediate()
    }
    const { entryCount } = data.getStats() as { readonly entryCount: number }
    if (entryCount !== copied.entries)
      throw new StorageFailed(`the backup in '${folder}' has ${entryCount} entries; expected ${copied.entries}`)
  } finally {
    await data.close()
    await gate.close()
  }
  completeBackup(folder)
  return { folder, ...copied }
}

/** What is put into the copy for an entry: the entry itself, or nothing for one that makes no sense there. */
const inCopy = (entry: Stored): ReadonlyArray<Stored> => {
  const { key, value } = entry
  if (key[0] !== space.rows || isStoredLong(key)) return [entry]
  const row = rowInCopy({ key: key.subarray(1), value })
  return row === undefined ? [] : [{ key, value: row.value }]
}

const putPage = (data: Environment, folder: string, page: ReadonlyArray<Stored>, bytes: number): void => {
  try {
    data.transactionSync(() => {
      for (const { key, value } of page) data.put(key, value, { append: true })
    })
  } catch (cause) {
    if (cause instanceof WeirError) throw cause
    const { tag, message } = failureOf(cause, folder, bytes)
    throw tag === 'StorageFull' ? new StorageFull(message, { cause }) : new StorageFailed(message, { cause })
  }
}
