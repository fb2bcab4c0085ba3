import { join } from 'node:path'
import { open, openAsClass, type RangeOptions, type Transaction } from 'lmdb'

/** As much of an open environment of lmdb as Weir uses: keys and values are bytes. */
export interface Environment {
  get(key: Uint8Array, options?: Reading): Uint8Array | undefined
  /** As `get`, in a buffer that the next read may overwrite; of it only `length` and single bytes are what they seem. */
  getBinaryFast(key: Uint8Array, options?: Reading): Uint8Array | undefined
  getRange(options: RangeOptions): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>
  /** Reads from now on see the newest, and not what was the newest at the first read of this turn. */
  resetReadTxn(): void
  useReadTransaction(): Transaction
  getStats(): object
  readerCheck(): number
  /** Within a transaction only; done when it returns. */
  put(key: Uint8Array, value: Uint8Array, options?: Putting): void
  /** Within a transaction only; done when it returns. */
  remove(key: Uint8Array): void
  /** Runs the action in a write transaction, which is committed and synced when this returns, or rolled back when it throws. */
  transactionSync<A>(action: () => A): A
  getWriteTxnId(): number
  close(): Promise<void>
}

/** What a read sees: the newest, or what the transaction began with. */
export interface Reading {
  readonly transaction?: Transaction
}

/** How an entry is put. */
export interface Putting {
  /** The key comes behind all others, which leaves no room free in the pages before it. */
  readonly append?: boolean
}

/** Where the data is. */
export const dataFileName = 'data.mdb'
/** Where the gate is. */
export const gateFileName = 'gate.mdb'

/** A slot for each thread that reads and each snapshot, in all processes; whoever creates the lock file sets how many there are. */
const maxReaders = 4_096
const gateMapBytes = 1 << 20

const shared = {
  encoding: 'binary',
  keyEncoding: 'binary',
  maxReaders,
  // visible means durable: by default lmdb-js shows a commit before it is synced
  overlappingSync: false,
  permissionsMode: 0o600,
  // what is free lies in lists, which lmdb-js merges up to this length (50,000 by default), and compares with itself at each
  // commit: with many single pages free, as changes all over a large store leave them, that takes longer than all else
  maxFreeSpaceToLoad: 1_024,
  maxFreeSpaceToRetain: 2_048,
  isRoot: true,
} as const

/**
 * Opens the gate, an empty environment whose write transaction is a lock over processes and threads. It is robust: the
 * kernel frees it when its holder dies.
 *
 * Whoever closes the gate last destroys the lock, and someone who opens it at that very moment gets the destroyed one;
 * so this tries again until it has one that works.
 */
export const openGate = (folder: string): Environment => {
  for (let attempt = 0; ; attempt++) {
    try {
      return openChecked(join(folder, gateFileName), gateMapBytes)
    } catch (error) {
      if (!(error instanceof LockLost) || attempt === openAttemptsMax) throw error
      pause(Math.random() * 2 ** attempt)
    }
  }
}

/**
 * Opens the environment with the data, to be called while the gate is held: beside a commit of another process lmdb would
 * store a stale transaction number, which destroys that commit.
 */
export const openData = (folder: string, mapSizeBytes: number): Environment =>
  openChecked(join(folder, dataFileName), mapSizeBytes)

/**
 * Opens the environment with the data where nobody else does until it is complete. Nothing that is written there is durable before
 * the file is synced as a whole.
 */
export const openDataToFill = (folder: string, mapSizeBytes: number): Environment =>
  openChecked(join(folder, dataFileName), mapSizeBytes, { noSync: true })

/** Opens the environment with the data for reading, when another thread of this process has it open: takes no lock. */
export const openDataForReading = (folder: string, mapSizeBytes: number): Environment =>
  open({ ...shared, path: join(folder, dataFileName), mapSize: mapSizeBytes, readOnly: true }) as unknown as Environment

/** The number of the last transaction, as lmdb shows it: it may not be readable yet. */
export const lastTransaction = (data: Environment): number =>
  (data.getStats() as { readonly lastTxnId: number }).lastTxnId

/** How large data is. */
export interface DataSize {
  /** In bytes. */
  readonly pageSize: number
  /** How many the file has. */
  readonly pages: number
  /** How many of them have keys and values. */
  readonly leafPages: number
}

/** How large the data is: to be called within a transaction. */
export const sizeOf = (data: Environment): DataSize => {
  const { pageSize, lastPageNumber, treeLeafPageCount } = data.getStats() as {
    readonly pageSize: number
    readonly lastPageNumber: number
    readonly treeLeafPageCount: number
  }
  return { pageSize, pages: lastPageNumber + 1, leafPages: treeLeafPageCount }
}

/** A write transaction could not begin: the lock is destroyed, or an earlier I/O error has made the environment unusable. */
export class LockLost extends Error {}

interface MoreOptions {
  readonly noSync?: boolean
}

/**
 * lmdb-js takes no notice when a transaction cannot begin, and then runs the action without one, which would write without
 * the lock or crash. And when the action gives a Promise, as its `put` does, it leaves the transaction open until that is
 * settled. This environment does neither.
 */
const openChecked = (path: string, mapSize: number, more: MoreOptions = {}): Environment => {
  const Base = openAsClass({ ...shared, ...more, path, mapSize }) as unknown as EnvironmentClass
  class Checked extends Base {
    override transactionSync<A>(action: () => A): A {
      let result: { readonly value: A } | undefined
      super.transactionSync(() => {
        if (this.getWriteTxnId() === 0) throw new LockLost(`no write transaction can begin on ${path}`)
        result = { value: action() }
      })
      return result!.value
    }
  }
  try {
    return new Checked(null, shared)
  } catch (error) {
    // there is no instance, but what `close` needs is in the class
    void Base.prototype.close.call(Object.create(Base.prototype, { isRoot: { value: true } }))
    throw error
  }
}

interface EnvironmentClass {
  readonly prototype: Environment
  new (name: null, options: typeof shared): Environment
}

const openAttemptsMax = 10

/** Blocks the thread: only the writer's, which has nothing else to do. */
const pause = (delayMs: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs)
}
