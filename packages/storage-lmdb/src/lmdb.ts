import { resolve } from 'node:path'
import { CompletableFuture, InvalidOption, type StorageProvider } from '@weir/core'
import { optionNames, requireKnown } from '@weir/core/protocol'
import { inspectFolder } from './folder.ts'
import { type LmdbSettings, LmdbStorage } from './LmdbStorage.ts'
import { runLimits } from './runs/RunLimits.ts'

/** How a folder is opened. */
export interface LmdbOptions {
  /**
   * How much address space is set aside for the data; 64 GiB by default. Disk is taken only as data comes. Data may grow beyond
   * it, but the space set aside before is then not given back until the process ends.
   */
  readonly mapSizeBytes?: number
  /** How soon commits of other processes are seen at the latest; 50 ms by default. A watch on the folder sees most within 1 ms. */
  readonly pollIntervalMs?: number
  /**
   * When the disk, or another process that holds the write lock, gives no answer for so long, the storage fails with
   * `StorageStalled`; 8 s by default. It is noticed at most a second later.
   */
  readonly stallAfterMs?: number
  /** A snapshot is ended after so long, because pages that it may read cannot be used again; 30 s by default. */
  readonly snapshotAgeMsMax?: number
  /**
   * Opens a folder on NFS, SMB, FUSE and the like, which is refused by default: lmdb loses data there as soon as a second
   * machine has the folder open.
   */
  readonly allowNetworkFileSystem?: boolean
}

const lmdbOptionNames = optionNames<LmdbOptions>({
  mapSizeBytes: true,
  pollIntervalMs: true,
  stallAfterMs: true,
  snapshotAgeMsMax: true,
  allowNetworkFileSystem: true,
})

/**
 * A storage in a folder on a local disk, shared by any number of processes and threads without a server.
 *
 * Nothing is touched until `open()`, which creates the folder (mode 0700, files 0600) when it is not there and starts one
 * writer thread. Commits on their way keep the process alive, and so do listeners (`onChange`, and with it every running
 * subscription and job) until they end or the storage is closed; an open storage alone does not. At most 4096 commits with
 * 64 MiB may be on their way; more are refused with `BufferFull`.
 *
 * @param path - of the folder, which must be new, empty, or one that Weir has created
 * @throws InvalidOption; `open()` fails with StorageRefused, StorageFailed or StorageStalled
 * @example
 * lmdb('./data', { stallAfterMs: 5_000 }).recipe?.name // => 'lmdb'
 */
export const lmdb = (path: string, options: LmdbOptions = {}): StorageProvider => {
  const { settings, allowNetworkFileSystem } = checkedOptions(path, options)
  return {
    open: () =>
      CompletableFuture.supply(() => inspectFolder(settings.folder, allowNetworkFileSystem)).thenCompose(() =>
        LmdbStorage.open(settings),
      ),
    recipe: {
      module: import.meta.url.replace(/lmdb\.(ts|js)$/, 'index.$1'),
      name: 'lmdb',
      args: [settings.folder, options],
    },
  }
}

/** What `lmdb` is given, complete. @throws InvalidOption */
export const checkedOptions = (
  path: string,
  options: LmdbOptions,
): { readonly settings: LmdbSettings; readonly allowNetworkFileSystem: boolean } => {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new InvalidOption(`lmdb: the path is ${JSON.stringify(path)}; expected that of a folder`)
  }
  requireKnown('lmdb', options, lmdbOptionNames)
  const settings: LmdbSettings = {
    folder: resolve(path),
    mapSizeBytes: wholeNumber('mapSizeBytes', options.mapSizeBytes ?? 64 * 2 ** 30, 1 << 20, 2 ** 46),
    pollIntervalMs: wholeNumber('pollIntervalMs', options.pollIntervalMs ?? 50, 1, 60_000),
    stallAfterMs: wholeNumber('stallAfterMs', options.stallAfterMs ?? 8_000, 100, 600_000),
    snapshotAgeMsMax: wholeNumber('snapshotAgeMsMax', options.snapshotAgeMsMax ?? 30_000, 1, 3_600_000),
    runs: runLimits,
  }
  const { allowNetworkFileSystem = false } = options
  if (typeof allowNetworkFileSystem !== 'boolean') {
    throw new InvalidOption(`lmdb: allowNetworkFileSystem is ${String(allowNetworkFileSystem)}; expected true or false`)
  }
  return { settings, allowNetworkFileSystem }
}

const wholeNumber = (option: string, given: number, min: number, max: number): number => {
  if (Number.isSafeInteger(given) && given >= min && given <= max) return given
  throw new InvalidOption(`lmdb: ${option} is ${String(given)}; expected a whole number from ${min} to ${max}`)
}
