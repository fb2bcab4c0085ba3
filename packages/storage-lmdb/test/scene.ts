import type { Storage } from '@weir/core'
import { lmdb, type LmdbOptions } from '../src/index.ts'
import { temporaryFolder } from './temporaryFolder.ts'

/** `onTestFinished` of a test's context: what it is given runs at the test's end, the last first. */
export type AtEnd = (action: () => Promise<void> | void) => void

/** A new, empty folder that is removed at the test's end, so that tests can run at once: most of their time is waiting. */
export const ownFolder = (atEnd: AtEnd): string => {
  const folder = temporaryFolder()
  atEnd(folder.remove)
  return folder.path
}

/** A storage that is closed at the test's end. */
export const openAt = async (folder: string, atEnd: AtEnd, options: LmdbOptions = {}): Promise<Storage> => {
  const storage = await lmdb(folder, options).open()
  atEnd(async () => {
    await storage.close()
  })
  return storage
}
