import { Buffer } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { CompletableFuture, SinkFailed, type SinkPlace, type SinkRecord, type SinkWriter, WeirError } from '@weir/core'
import type { FileSinkOptions } from '../fileSink.ts'
import { Ledger } from './Ledger.ts'

/** The options of a `fileSink`, whole. */
export type FileSettings<K, V> = Required<FileSinkOptions<K, V>>

/** The part that is open. */
interface Part {
  readonly handle: FileHandle
  readonly from: number
  /** The offset behind its last record. */
  to: number
  records: number
  bytes: number
  /** When it is sealed at latest. */
  readonly dueMs: number
}

/** Writes the parts of one partition, one after the other. */
export class FileWriter<K, V> implements SinkWriter<K, V> {
  readonly #settings: FileSettings<K, V>
  readonly #place: SinkPlace
  readonly #ledger: Ledger
  #part: Part | undefined

  private constructor(settings: FileSettings<K, V>, place: SinkPlace, ledger: Ledger) {
    this.#settings = settings
    this.#place = place
    this.#ledger = ledger
  }

  /** @throws SinkMismatch, SinkFailed */
  static async open<K, V>(settings: FileSettings<K, V>, place: SinkPlace): Promise<FileWriter<K, V>> {
    try {
      const ledger = await Ledger.takeOver(settings.folder, place)
      return new FileWriter(settings, place, ledger)
    } catch (error) {
      throw explained(settings.folder, error)
    }
  }

  get position(): number | undefined {
    return this.#ledger.position
  }

  get flushDueMs(): number {
    return this.#part?.dueMs ?? Infinity
  }

  write(records: ReadonlyArray<SinkRecord<K, V>>, next: number): CompletableFuture<void> {
    return this.#doing(async () => {
      const text = this.#settings.format.lines(records)
      const part = (this.#part ??= await this.#begin(records[0]!.offset))
      await part.handle.appendFile(text)
      part.to = next
      part.records += records.length
      part.bytes += Buffer.byteLength(text)
      const { partRecordsMax, partBytesMax } = this.#settings
      const isFull = part.records >= partRecordsMax || part.bytes >= partBytesMax
      if (isFull || part.dueMs <= this.#place.clock.now()) await this.#seal(part)
    })
  }

  flush(): CompletableFuture<void> {
    return this.#doing(async () => {
      if (this.#part !== undefined) await this.#seal(this.#part)
    })
  }

  close(): CompletableFuture<void> {
    return CompletableFuture.supply(async () => {
      await this.#part?.handle.close()
      this.#part = undefined
    })
  }

  async #begin(from: number): Promise<Part> {
    const { format, partMsMax } = this.#settings
    const handle = await this.#ledger.create()
    const part: Part = { handle, from, to: from, records: 0, bytes: 0, dueMs: this.#place.clock.now() + partMsMax }
    this.#part = part
    await handle.appendFile(format.header)
    return part
  }

  async #seal(part: Part): Promise<void> {
    await part.handle.sync()
    await part.handle.close()
    this.#part = undefined
    await this.#ledger.seal({ from: part.from, to: part.to, extension: this.#settings.format.extension })
  }

  #doing(action: () => Promise<void>): CompletableFuture<void> {
    return CompletableFuture.supply(action).exceptionallyCompose((error) =>
      CompletableFuture.failed(explained(this.#settings.folder, error)),
    )
  }
}

/** Errors that pass by themselves: no room, too many open files, I/O. */
const passing = new Set(['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO', 'EAGAIN', 'EBUSY'])

const explained = (folder: string, cause: unknown): WeirError => {
  if (cause instanceof WeirError) return cause
  const code = (cause as { readonly code?: unknown }).code
  const recovery = typeof code === 'string' && passing.has(code) ? 'retry' : 'stop'
  const said = cause instanceof Error ? cause.message : String(cause)
  return new SinkFailed(`could not write to '${folder}'. It said: ${said}`, { cause, recovery })
}
