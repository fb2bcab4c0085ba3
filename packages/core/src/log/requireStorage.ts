import { InvalidOption } from '../model/errors.ts'
import type { StorageProvider } from '../ports/Storage.ts'
import { unexpected } from '../codec/unexpected.ts'

/**
 * Refuses what cannot be opened as a storage, such as a path.
 *
 * @throws InvalidOption
 */
export const requireStorage = (what: string, given: unknown): void => {
  if (typeof (given as Partial<StorageProvider> | null | undefined)?.open === 'function') return
  throw new InvalidOption(unexpected(what, given, "one such as lmdb('./data')"))
}
