import { join } from 'node:path'
import { open, openAsClass, type RootDatabase } from 'lmdb'

/** An open environment of lmdb: keys and values are bytes. */
export type Environment = RootDatabase<Uint8Array, Uint8Array>

export const dataFileName = 'data.mdb'
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

/** Opens the environment with the data for reading, when another thread of this process has it open: takes no lock. */
export const openDataForReading = (folder: string, mapSizeBytes: number): Environment =>
  open<Uint8Array, Uint8Array>({ ...shared, path: join(folder, dataFileName), mapSize: mapSizeBytes, readOnly: true })

/** A write transaction could not begin: the lock is destroyed, or an earlier I/O error has made the environment unusable. */
export class LockLost extends Error {}

/**
 * An environment whose `transactionSync` is safe. The action must not give a Promise (as `put` does): lmdb-js would wait for
 * it with the transaction open.
 *
 * lmdb-js takes no notice when a transaction cannot begin, and then runs the action without one, which would write without
 * the lock or crash. This environment looks first.
 */
const openChecked = (path: string, mapSize: number): Environment => {
  const Base = openAsClass<Uint8Array, Uint8Array>({ ...shared, path, mapSize }) as unknown as EnvironmentClass
  class Checked extends Base {
    override transactionSync<A>(action: () => A): A {
      return super.transactionSync(() => {
        if (this.getWriteTxnId() === 0) throw new LockLost(`no write transaction can begin on ${path}`)
        return action()
      })
    }
  }
  try {
    return new Checked(null, shared)
  } catch (error) {
    // there is no instance, but what `close` needs is in the class
    Base.prototype.close.call(Object.create(Base.prototype, { isRoot: { value: true } }))
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
