import { crc32 } from 'node:zlib'
import { BatchCheck, type Catalog, type Findings } from '@weir/core/doctor'
import { CorruptBatch, RecordBatch, type Tail, verifyBatch } from '@weir/core/storage'
import type { FolderSnapshot } from '../FolderSnapshot.ts'
import { isLogKey, logKeyOffset, partitionOfTailKey, tailKey } from '../keys.ts'
import { decodeTail } from '../tail.ts'
import { ProducerCheck } from './ProducerCheck.ts'

/** What is known of the partition that is being looked at. */
interface Open {
  readonly partition: number
  readonly where: string
  readonly tail: Tail
  readonly hasTail: boolean
  readonly batches: BatchCheck
  readonly producers: ProducerCheck
  bytes: number
  batchCount: number
  isDamaged: boolean
}

/** Looks at the keys of partitions, in order: batches, the tail, producers. */
export class PartitionCheck {
  readonly #snapshot: FolderSnapshot
  readonly #findings: Findings
  readonly #catalog: Catalog
  #open: Open | undefined

  constructor(snapshot: FolderSnapshot, findings: Findings, catalog: Catalog) {
    findings.begin('partitions', 'partitions')
    findings.begin('batches', 'batches')
    findings.begin('producers', 'producers')
    this.#snapshot = snapshot
    this.#findings = findings
    this.#catalog = catalog
  }

  /** @returns whether the key is one of a partition */
  see(key: Uint8Array, value: Uint8Array): boolean {
    if (key.length < 6) return false
    const open = this.#of(Buffer.from(key).readUInt32BE(1))
    if (isLogKey(key)) {
      open.bytes += value.length
      open.batchCount++
      this.#seeBatch(open, value, logKeyOffset(key))
      return true
    }
    if (partitionOfTailKey(key) !== undefined) return value.length === tailBytes
    return open.producers.see(key, value)
  }

  /** The last partition is behind. */
  end(): void {
    const open = this.#open
    if (open === undefined) return
    this.#open = undefined
    const { where, tail, batches } = open
    const wrong = (what: string): void => this.#findings.wrong('partitions', where, what)
    batches.end()
    if (!open.hasTail) return wrong('it has no bounds')
    if (tail.bytes !== open.bytes) wrong(`its batches take ${open.bytes} bytes; ${tail.bytes} are counted`)
    if (open.batchCount > 0 && !open.isDamaged && tail.runningTimestampMax !== batches.runningTimestampMax)
      wrong(`its latest time is ${tail.runningTimestampMax}; its last batch says ${batches.runningTimestampMax}`)
  }

  #of(partition: number): Open {
    if (this.#open?.partition === partition) return this.#open
    this.end()
    const stored = this.#snapshot.get(tailKey(partition))
    const hasTail = stored?.length === tailBytes
    const tail = decodeTail(hasTail ? stored : undefined)
    const where = this.#catalog.nameOf(partition)
    this.#findings.looked('partitions')
    if (this.#catalog.topicOf(partition) === undefined)
      this.#findings.wrong('partitions', where, 'it belongs to no topic')
    this.#open = {
      partition,
      where,
      tail,
      hasTail,
      batches: new BatchCheck(this.#findings, where, tail),
      producers: new ProducerCheck(this.#snapshot, this.#findings, where, partition, tail),
      bytes: 0,
      batchCount: 0,
      isDamaged: false,
    }
    return this.#open
  }

  #seeBatch(open: Open, bytes: Uint8Array, baseOffset: number): void {
    const damaged = (what: string): void => {
      open.isDamaged = true
      open.batches.damaged(baseOffset, undefined, what)
    }
    if (!verifyBatch(bytes, crc32)) return damaged('it does not match its checksum')
    let batch: RecordBatch
    try {
      batch = RecordBatch.view(bytes, baseOffset)
    } catch (error) {
      if (!(error instanceof CorruptBatch)) throw error
      return damaged(error.message)
    }
    open.isDamaged = false
    open.batches.see(batch)
    open.producers.seeBatch(batch)
  }
}

const tailBytes = 32
