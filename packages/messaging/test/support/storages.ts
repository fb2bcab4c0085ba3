import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StorageProvider } from '@weir/core'
import { memory, memoryDisk } from '@weir/testing'
import { patientLmdb } from './patientLmdb.ts'

/** One place for data, which several handles have open as several processes would, and what removes it. */
export interface Place {
  readonly provider: () => StorageProvider
  readonly remove: () => void
}

/** The storages that everything here works on. */
export const storages: ReadonlyArray<readonly [name: string, place: () => Place]> = [
  [
    'memory',
    () => {
      const disk = memoryDisk()
      return { provider: () => memory({ disk }), remove: () => undefined }
    },
  ],
  [
    'LMDB',
    () => {
      const path = mkdtempSync(join(tmpdir(), 'weir-messaging-'))
      return { provider: () => patientLmdb(path), remove: () => rmSync(path, { recursive: true, force: true }) }
    },
  ],
]
