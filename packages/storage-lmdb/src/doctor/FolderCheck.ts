import { type Catalog, checkPosition, type Findings, type RowCheck } from '@weir/core/doctor'
import { folderFormatVersion } from '../folder.ts'
import type { FolderSnapshot } from '../FolderSnapshot.ts'
import { plainBytesMax, positionKeyGroup, space } from '../keys.ts'
import { isStoredLong, rowOfStored, storedRowKey } from '../rowKeys.ts'
import { decodeNumber, decodeTail } from '../tail.ts'
import { tailKey } from '../keys.ts'
import { IdCheck } from './IdCheck.ts'
import { PartitionCheck } from './PartitionCheck.ts'

/** Looks at each key and value of a folder, in order: what it is, and whether it fits to the others. */
export class FolderCheck {
  readonly #snapshot: FolderSnapshot
  readonly #findings: Findings
  readonly #catalog: Catalog
  readonly #rows: RowCheck
  readonly #partitions: PartitionCheck
  readonly #ids: IdCheck
  #hasFormat = false

  constructor(snapshot: FolderSnapshot, findings: Findings, catalog: Catalog, rows: RowCheck) {
    findings.begin('keys', 'keys')
    this.#snapshot = snapshot
    this.#findings = findings
    this.#catalog = catalog
    this.#rows = rows
    this.#partitions = new PartitionCheck(snapshot, findings, catalog)
    findings.begin('positions', 'positions')
    this.#ids = new IdCheck(snapshot, findings, catalog)
  }

  see(key: Uint8Array, value: Uint8Array): void {
    this.#findings.looked('keys')
    if (key[0] !== space.partitions) this.#partitions.end()
    if (!this.#isKnown(key, value)) {
      const start = Buffer.from(key.subarray(0, 6)).toString('hex')
      this.#wrong(
        `a key of ${key.length} bytes that begins with ${start}`,
        'it is none that Weir writes, or has no such value',
      )
    }
  }

  end(): void {
    this.#partitions.end()
    if (!this.#hasFormat) this.#wrong('format version', 'there is none')
  }

  #isKnown(key: Uint8Array, value: Uint8Array): boolean {
    switch (key[0]) {
      case space.format:
        return this.#seeFormat(key, value)
      case space.partitions:
        return this.#partitions.see(key, value)
      case space.positions:
        return this.#seePosition(key, value)
      case space.dedup:
        return this.#ids.see(key, value)
      case space.rows:
        return this.#seeRow(key, value)
      default:
        return false
    }
  }

  #seeFormat(key: Uint8Array, value: Uint8Array): boolean {
    if (key.length !== 1 || value.length !== 8) return false
    this.#hasFormat = true
    const version = decodeNumber(value)
    if (version !== folderFormatVersion)
      this.#wrong('format version', `the data says ${version}; the folder says ${folderFormatVersion}`)
    return true
  }

  #seePosition(key: Uint8Array, value: Uint8Array): boolean {
    if (key.length < 6 || value.length !== 8) return false
    const partition = Buffer.from(key).readUInt32BE(1)
    const { end } = decodeTail(this.#snapshot.get(tailKey(partition)))
    checkPosition(this.#findings, this.#catalog, {
      group: positionKeyGroup(key),
      partition,
      next: decodeNumber(value)!,
      end,
    })
    return true
  }

  #seeRow(key: Uint8Array, value: Uint8Array): boolean {
    if (!isStoredLong(key)) {
      if (key.length > 1 + plainBytesMax) return false
      this.#rows.see(rowOfStored(key, value))
      return true
    }
    if (value.length < 4 || new DataView(value.buffer, value.byteOffset).getUint32(0, true) > value.length - 4)
      return false
    const row = rowOfStored(key, value)
    this.#rows.see(row)
    return row.key.length > plainBytesMax && Buffer.compare(storedRowKey(row.key), key) === 0
  }

  #wrong(where: string, what: string): void {
    this.#findings.wrong('keys', where, what)
  }
}
