import { CompletableFuture } from '../future/CompletableFuture.ts'
import { optionNames } from '../log/optionNames.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { requireInteger } from '../log/Topic.ts'
import { CorruptBatch, InvalidOption } from '../model/errors.ts'
import type { Snapshot, Storage } from '../ports/Storage.ts'
import { systemClock } from '../ports/systemClock.ts'
import { BatchCheck } from './BatchCheck.ts'
import { Catalog } from './Catalog.ts'
import { checkPosition } from './checkPosition.ts'
import type { DoctorReport } from './DoctorReport.ts'
import { Findings } from './Findings.ts'
import { RowCheck } from './RowCheck.ts'
import { rowPages } from './rowPages.ts'
import { SystemRowCheck } from './SystemRowCheck.ts'

/** How a storage is looked over. */
export interface DoctorOptions {
  /** So many findings of each check are kept; 20 by default. All are counted. */
  readonly findingsMax?: number
  /** Told after each step of about a mebibyte. */
  readonly onProgress?: (progress: DoctorProgress) => void
}

/** What was looked at so far. */
export interface DoctorProgress {
  readonly rows: number
  readonly batches: number
  readonly bytes: number
}

/** It may take so long: as long as a snapshot may live. */
export const doctorMsMax = 3_600_000
const bounds = { recordsMax: 100_000, bytesMax: 1 << 20 }
const noKey = new Uint8Array(0)
/** Above every key of a row. */
const lastKey = new Uint8Array(9).fill(0xff)
const doctorOptionNames = optionNames<DoctorOptions>({ findingsMax: true, onProgress: true })

/** `DoctorOptions`, complete and checked. @throws InvalidOption */
export const doctorSettings = (options: DoctorOptions): Required<DoctorOptions> => {
  requireKnown('doctor', options, doctorOptionNames)
  const { findingsMax = 20, onProgress = () => undefined } = options
  requireInteger('doctor: findingsMax', findingsMax, 0, 1_000_000)
  if (typeof onProgress !== 'function')
    throw new InvalidOption(`doctor: onProgress is ${typeof onProgress}; expected a function`)
  return { findingsMax, onProgress }
}

/**
 * Looks over all that a storage holds, as of one moment and while others use it, and repairs nothing: batches and bounds,
 * positions, the catalog of topics and stores, groups, progress, and whether rows of state belong to a store and have its form.
 *
 * Reads everything once, about a mebibyte at a time. Keys and values of users do not come into the report. What a backend keeps
 * beside is for its own doctor, such as that of `@weir/storage-lmdb`, which does all of this and more.
 *
 * @throws InvalidOption; fails with StorageFailed, or with SnapshotExpired after an hour
 */
export const doctor = (storage: Storage, options: DoctorOptions = {}): CompletableFuture<DoctorReport> => {
  const settings = doctorSettings(options)
  const snapshot = storage.snapshot(doctorMsMax)
  return CompletableFuture.supply(() => CompletableFuture.from(examine(storage, snapshot, settings))).handle(
    (report, error) => {
      snapshot.close()
      if (report === undefined) throw error
      return report
    },
  )
}

const examine = async (
  storage: Storage,
  snapshot: Snapshot,
  { findingsMax, onProgress }: Required<DoctorOptions>,
): Promise<DoctorReport> => {
  const findings = new Findings(findingsMax)
  const catalog = new Catalog(snapshot, findings)
  const seen = { rows: 0, batches: 0, bytes: 0 }
  const step = async (): Promise<void> => {
    onProgress({ ...seen })
    await new Promise<void>((resolve) => systemClock.turn(resolve))
  }
  findings.begin('batches', 'batches')
  findings.begin('positions', 'positions')
  for (const { firstPartition, partitions } of catalog.topics) {
    for (let partition = firstPartition; partition < firstPartition + partitions; partition++) {
      const check = new BatchCheck(findings, catalog.nameOf(partition), snapshot.bounds(partition))
      await examineBatches(snapshot, partition, check, async (batches, bytes) => {
        seen.batches += batches
        seen.bytes += bytes
        await step()
      })
      const { end } = snapshot.bounds(partition)
      // those who have come since have none in the snapshot
      for (const group of storage.positions(partition).keys())
        checkPosition(findings, catalog, { group, partition, next: snapshot.position(group, partition), end })
    }
  }
  const system = new SystemRowCheck(snapshot, findings, catalog, (partition) => snapshot.bounds(partition).end)
  const check = new RowCheck(findings, catalog, system)
  for (const page of rowPages(snapshot, noKey, lastKey)) {
    for (const row of page) {
      check.see(row)
      seen.bytes += row.key.length + row.value.length
    }
    seen.rows += page.length
    await step()
  }
  return findings.report()
}

const examineBatches = async (
  snapshot: Snapshot,
  partition: number,
  check: BatchCheck,
  onStep: (batches: number, bytes: number) => Promise<void>,
): Promise<void> => {
  const { start, end } = snapshot.bounds(partition)
  for (let position = start; position < end;) {
    try {
      const { batches } = await snapshot.read(partition, position, bounds)
      for (const batch of batches) check.see(batch)
      const last = batches.at(-1)
      if (last === undefined || last.baseOffset + last.count <= position) break
      position = last.baseOffset + last.count
      await onStep(
        batches.length,
        batches.reduce((sum, { byteLength }) => sum + byteLength, 0),
      )
    } catch (error) {
      if (!(error instanceof CorruptBatch)) throw error
      // where the next one begins is not known
      return check.damaged(position, undefined, `${error.message}; what comes behind it was not looked at`)
    }
  }
  check.end()
}
