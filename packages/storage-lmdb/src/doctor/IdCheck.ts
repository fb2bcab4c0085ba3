import type { Catalog, Findings } from '@weir/core/doctor'
import { CorruptBatch, RecordBatch } from '@weir/core/storage'
import type { FolderSnapshot } from '../FolderSnapshot.ts'
import { dedupKey, logKey, logKeyOffset, tailKey } from '../keys.ts'
import { decodeNumber, decodeTail } from '../tail.ts'

interface Place {
  readonly partition: number
  readonly batch: RecordBatch
}

/** So many batches are kept to look further ids up: at most, and in bytes. */
const keptMax = 64
const keptBytesMax = 16 << 20

/** Looks whether the ids that are remembered are those of the records that they say. */
export class IdCheck {
  readonly #snapshot: FolderSnapshot
  readonly #findings: Findings
  readonly #catalog: Catalog
  #kept: Place[] = []
  #keptBytes = 0

  constructor(snapshot: FolderSnapshot, findings: Findings, catalog: Catalog) {
    findings.begin('ids', 'ids')
    this.#snapshot = snapshot
    this.#findings = findings
    this.#catalog = catalog
  }

  /** @returns whether the key is one of an id */
  see(key: Uint8Array, value: Uint8Array): boolean {
    if (key.length < 9 || value.length !== 8) return false
    this.#findings.looked('ids')
    const scope = Number(Buffer.from(key).readBigUInt64BE(1))
    const offset = decodeNumber(value)!
    const wrong = (what: string): void =>
      this.#findings.wrong('ids', `${this.#catalog.nameOf(scope)} offset ${offset}`, what)
    if (this.#catalog.topicOf(scope) === undefined) wrong('an id is remembered of no partition')
    const { start, end } = decodeTail(this.#snapshot.get(tailKey(scope)))
    if (!(Number.isSafeInteger(offset) && offset >= start && offset < end))
      wrong(`an id is remembered of a record that is not within ${start} to ${end}`)
    else if (!this.#isThere(scope, offset, key)) wrong('the record there does not have the id that is remembered of it')
    return true
  }

  #isThere(partition: number, offset: number, key: Uint8Array): boolean {
    const batch = this.#find(partition, offset)
    // of a damaged batch nothing can be said
    if (batch === undefined) return true
    const index = offset - batch.baseOffset
    if (index >= batch.count || batch.nextKept(index) !== index) return false
    const id = batch.id(index)
    return id !== null && Buffer.compare(dedupKey(partition, id), key) === 0
  }

  #find(partition: number, offset: number): RecordBatch | undefined {
    const known = this.#kept.find(({ partition: other, batch: { baseOffset, count } }) => {
      return other === partition && offset >= baseOffset && offset < baseOffset + count
    })
    if (known !== undefined) return known.batch
    const stored = this.#snapshot.before(logKey(partition, offset), logKey(partition, 0))
    if (stored === undefined) return undefined
    try {
      const batch = RecordBatch.view(stored.value, logKeyOffset(stored.key))
      this.#keep({ partition, batch })
      return batch
    } catch (error) {
      if (error instanceof CorruptBatch) return undefined
      throw error
    }
  }

  #keep(place: Place): void {
    if (this.#kept.length === keptMax || this.#keptBytes > keptBytesMax) {
      this.#kept = []
      this.#keptBytes = 0
    }
    this.#kept.push(place)
    this.#keptBytes += place.batch.byteLength
  }
}
