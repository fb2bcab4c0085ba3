import { InvalidOption } from '@weir/core'
import { unexpected } from '@weir/core/protocol'
import { DiskState } from './internal/DiskState.ts'

/** What memory storages keep, apart from the handle: it survives `crash` and `close`, and can be opened again. */
export interface MemoryDisk {
  /** How many commits were applied to it, over all handles; refused ones do not count. */
  readonly commitCount: number
}

/**
 * An empty disk for `memory` and `memoryStorage`. Several handles may have it open at once, as several processes would a folder.
 *
 * @example
 * const disk = memoryDisk()
 * const storage = await memory({ disk }).open()
 * storage.crash()
 * const reopened = await memory({ disk }).open()
 * reopened.bounds(0) // => { start: 0, end: 0 }
 */
export const memoryDisk = (): MemoryDisk => new DiskState()

/** @throws InvalidOption for what is no disk, such as a path */
export const requireDisk = (what: string, given: unknown): void => {
  // not by its class: a program may have this package twice
  if (typeof (given as Partial<MemoryDisk> | null | undefined)?.commitCount === 'number') return
  throw new InvalidOption(unexpected(what, given, 'one of memoryDisk()'))
}
