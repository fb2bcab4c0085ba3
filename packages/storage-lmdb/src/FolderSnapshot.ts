import type { Transaction } from 'lmdb'
import { StorageRefused } from '@weir/core/storage'
import { type Environment, openDataForReading } from './environment.ts'
import { inspectFolder } from './folder.ts'
import { checkedOptions, type LmdbOptions } from './lmdb.ts'
import { space } from './keys.ts'
import { LmdbReader } from './LmdbReader.ts'
import { LmdbStorage } from './LmdbStorage.ts'
import { behindRows } from './rowKeys.ts'
import type { StoredRow } from './runs/StoredRows.ts'

/** What is stored under a key. */
export type Stored = StoredRow

const pageBytesMax = 1 << 20
const pageEntriesMax = 2_000

/** All that is stored in a folder, as of one moment, while this process and others go on with it. */
export class FolderSnapshot {
  /** As an absolute path. */
  readonly folder: string
  readonly reader: LmdbReader
  readonly #storage: LmdbStorage
  readonly #data: Environment
  readonly #transaction: Transaction

  private constructor(folder: string, storage: LmdbStorage, data: Environment) {
    this.folder = folder
    this.#storage = storage
    this.#data = data
    data.resetReadTxn()
    this.#transaction = data.useReadTransaction()
    this.reader = new LmdbReader(data, () => undefined, this.#transaction)
  }

  /** @throws InvalidOption, StorageRefused when the folder is no Weir, StorageFailed, StorageStalled */
  static async open(path: string, options: LmdbOptions): Promise<FolderSnapshot> {
    const { settings, allowNetworkFileSystem } = checkedOptions(path, options)
    const { folder, mapSizeBytes } = settings
    if (inspectFolder(folder, allowNetworkFileSystem) === 'new')
      throw new StorageRefused(`folder '${folder}' is no Weir; expected one that Weir has created`)
    // its writer opens the environment while it holds the gate; and with it this process may read
    const storage = await LmdbStorage.open(settings)
    try {
      return new FolderSnapshot(folder, storage, openDataForReading(folder, mapSizeBytes))
    } catch (error) {
      await storage.close()
      throw error
    }
  }

  /** How many pages are in use, in bytes. The file has at least as many. */
  get usedBytes(): number {
    const { pageSize, free, ...main } = this.#data.getStats() as Stats
    const metaPages = 2
    return pageSize * (metaPages + pagesOf(main) + pagesOf(free))
  }

  /** A stored value. */
  get(key: Uint8Array): Uint8Array | undefined {
    return this.#data.get(key, { transaction: this.#transaction })
  }

  /** The last entry from `first` on and up to `key`. */
  before(key: Uint8Array, first: Uint8Array): Stored | undefined {
    const range = {
      start: key,
      end: first,
      inclusiveEnd: true,
      reverse: true,
      limit: 1,
      transaction: this.#transaction,
    }
    for (const found of this.#data.getRange(range)) return { key: ownBytes(found.key), value: found.value }
    return undefined
  }

  /** All entries in the order of their keys, about a mebibyte at a time, as if no sorted run were left to be merged. */
  *pages(): Generator<ReadonlyArray<Stored>, void, undefined> {
    yield* this.#inPages([space.format], (start) => this.#range(start, new Uint8Array([space.rows])))
    yield* this.#inPages([space.rows], (low) => this.reader.storedRange({ low, high: behindRows }))
    yield* this.#inPages([space.runs + 1], (start) => this.#range(start))
  }

  /** The sorted runs, and their list, as they are stored, about a mebibyte at a time. */
  runs(): Generator<ReadonlyArray<Stored>, void, undefined> {
    return this.#inPages([space.runs], (start) => this.#range(start, new Uint8Array([space.runs + 1])))
  }

  #range(start: Uint8Array, end?: Uint8Array): Iterable<Stored> {
    return this.#data.getRange({ start, ...(end === undefined ? {} : { end }), transaction: this.#transaction })
  }

  *#inPages(
    first: ReadonlyArray<number>,
    rangeFrom: (key: Uint8Array) => Iterable<Stored>,
  ): Generator<ReadonlyArray<Stored>, void, undefined> {
    for (let from = Uint8Array.from(first); ;) {
      const page: Stored[] = []
      let bytes = 0
      for (const { key, value } of rangeFrom(from)) {
        page.push({ key: ownBytes(key), value })
        bytes += key.length + value.length
        if (bytes >= pageBytesMax || page.length === pageEntriesMax) break
      }
      const last = page.at(-1)
      if (last === undefined) return
      yield page
      from = new Uint8Array(last.key.length + 1)
      from.set(last.key)
    }
  }

  async close(): Promise<void> {
    this.#transaction.done()
    await this.#data.close()
    await this.#storage.close()
  }
}

interface Tree {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

interface Stats extends Tree {
  readonly pageSize: number
  readonly free: Tree
}

const pagesOf = ({ treeBranchPageCount, treeLeafPageCount, overflowPages }: Tree): number =>
  treeBranchPageCount + treeLeafPageCount + overflowPages

const ownBytes = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)
