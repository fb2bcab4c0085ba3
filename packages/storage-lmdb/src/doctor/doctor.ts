import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { CompletableFuture } from '@weir/core'
import {
  Catalog,
  type DoctorOptions,
  type DoctorReport,
  doctorSettings,
  Findings,
  RowCheck,
  SystemRowCheck,
} from '@weir/core/doctor'
import { dataFileName } from '../environment.ts'
import { FolderSnapshot } from '../FolderSnapshot.ts'
import { isLogKey, space } from '../keys.ts'
import type { LmdbOptions } from '../lmdb.ts'
import { FolderCheck } from './FolderCheck.ts'
import { areRunsWhole } from './areRunsWhole.ts'

/** How a folder is looked over. */
export interface FolderDoctorOptions extends DoctorOptions {
  /** How the folder is opened. */
  readonly lmdb?: LmdbOptions
}

/**
 * Looks over a folder, as of one moment and while other processes and this one go on with it, and repairs nothing: all that
 * `doctor` of `@weir/core/doctor` looks at, and each key and value that is stored, checksums, ids and producers against
 * records, and the format.
 *
 * Reads everything once, about a mebibyte at a time, and keeps no more in memory, whatever the size of the folder, than its
 * topics, stores and groups, and a few batches. Room that is freed meanwhile can be used again only when it has ended.
 *
 * @param path - of the folder. One of an older format is migrated, as whenever it is opened
 * @throws InvalidOption; fails with StorageRefused when it is no Weir, StorageFailed, StorageStalled
 * @example
 * const storage = await lmdb('./data').open()
 * await storage.close()
 * const report = await doctor('./data')
 * report.isHealthy // => true
 */
export const doctor = (path: string, options: FolderDoctorOptions = {}): CompletableFuture<DoctorReport> => {
  const { lmdb = {}, ...others } = options
  const settings = doctorSettings(others)
  return CompletableFuture.supply(() => CompletableFuture.from(examine(path, lmdb, settings)))
}

const examine = async (
  path: string,
  options: LmdbOptions,
  { findingsMax, onProgress }: Required<DoctorOptions>,
): Promise<DoctorReport> => {
  const snapshot = await FolderSnapshot.open(path, options)
  try {
    const findings = new Findings(findingsMax)
    if (!isWhole(snapshot, findings) || !areRunsWhole(snapshot, findings)) return findings.report()
    const { reader } = snapshot
    const catalog = new Catalog(reader, findings)
    const system = new SystemRowCheck(reader, findings, catalog, (partition) => reader.bounds(partition).end)
    const check = new FolderCheck(snapshot, findings, catalog, new RowCheck(findings, catalog, system))
    const seen = { rows: 0, batches: 0, bytes: 0 }
    for (const page of snapshot.pages()) {
      for (const { key, value } of page) {
        check.see(key, value)
        if (key[0] === space.rows) seen.rows++
        if (isLogKey(key)) seen.batches++
        seen.bytes += key.length + value.length
      }
      onProgress({ ...seen })
      await setImmediate()
    }
    check.end()
    return findings.report()
  } finally {
    await snapshot.close()
  }
}

/** Whether no page lies behind the end of the file: to read there would end the process. */
const isWhole = (snapshot: FolderSnapshot, findings: Findings): boolean => {
  findings.begin('file', 'files')
  findings.looked('file')
  const { usedBytes } = snapshot
  const { size } = statSync(join(snapshot.folder, dataFileName))
  if (size >= usedBytes) return true
  findings.wrong(
    'file',
    dataFileName,
    `it was cut: it has ${size} bytes, of ${usedBytes} at least; nothing else was looked at`,
  )
  return false
}
