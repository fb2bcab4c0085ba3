import { resolve } from 'node:path'
import { CompletableFuture, InvalidOption, type Storage, type StorageProvider } from '@weir/core'
import { prepareFolder } from './folder.ts'
import { type LmdbSettings, LmdbStorage } from './LmdbStorage.ts'

export interface LmdbOptions {
  /** The most that the data may grow to; only address space until then. 64 GiB by default; the same in every process. */
  readonly mapSizeBytes?: number
  /** How soon commits of other processes are seen at the latest, when the watch on the folder misses them; 50 ms by default. */
  readonly pollIntervalMs?: number
  /** Whatever gets no answer for so long fails with `StorageStalled` or `StorageFailed`; 10 s by default. */
  readonly stallAfterMs?: number
}

/**
 * A folder on a local disk, shared by any number of processes and threads without a server. Nothing is opened yet.
 *
 * @param path - of the folder; created with mode 0700 when it is not there
 * @throws InvalidOption
 */
export const lmdb = (path: string, options: LmdbOptions = {}): StorageProvider => {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new InvalidOption(`lmdb: the path is ${JSON.stringify(path)}; expected that of a folder`)
  }
  const settings: LmdbSettings = {
    mapSizeBytes: options.mapSizeBytes ?? 64 * 2 ** 30,
    pollIntervalMs: options.pollIntervalMs ?? 50,
    stallAfterMs: options.stallAfterMs ?? 10_000,
  }
  requireWithin('mapSizeBytes', settings.mapSizeBytes, 1 << 20, 2 ** 46)
  requireWithin('pollIntervalMs', settings.pollIntervalMs, 1, 60_000)
  requireWithin('stallAfterMs', settings.stallAfterMs, 100, 600_000)
  const folder = resolve(path)
  return {
    open: () =>
      CompletableFuture.from<void>(prepareFolder(folder, settings.mapSizeBytes)).thenCompose<Storage>(() =>
        LmdbStorage.open(folder, settings),
      ),
    recipe: { module: import.meta.url.replace(/lmdb\.(ts|js)$/, 'index.$1'), name: 'lmdb', args: [folder, options] },
  }
}

const requireWithin = (option: string, given: number, min: number, max: number): void => {
  if (!Number.isSafeInteger(given) || given < min || given > max) {
    throw new InvalidOption(`lmdb: ${option} is ${String(given)}; expected a whole number from ${min} to ${max}`)
  }
}
