import { closeSync, constants, type FSWatcher, openSync, readSync, watch, writeSync } from 'node:fs'
import { join } from 'node:path'

// A file with the number of the last transaction that everyone can read, which every process writes after its commits and all
// of them watch.
//
// lmdb itself shows a number too, but early: from the moment when it begins to write the page that makes a commit count, and
// whoever reads before it has ended (a sync later) does not see the commit yet.

/** The file that every writer touches. */
export const wakeFileName = 'wake'

/** The folder's file, open. */
export class WakeFile {
  readonly #file: number
  readonly #bytes = new Uint8Array(8)
  readonly #view = new DataView(this.#bytes.buffer)

  constructor(folder: string) {
    this.#file = openSync(join(folder, wakeFileName), constants.O_RDWR | constants.O_CREAT, 0o600)
  }

  /** To be called after a commit, while the gate is held, so that the number never goes back. */
  announce(transaction: number): void {
    this.#view.setFloat64(0, transaction, true)
    try {
      writeSync(this.#file, this.#bytes, 0, 8, 0)
    } catch {
      // they look at lmdb's number too
    }
  }

  /** The number that was announced last; 0 when there is none. */
  announced(): number {
    try {
      return readSync(this.#file, this.#bytes, 0, 8, 0) === 8 ? this.#view.getFloat64(0, true) : 0
    } catch {
      return 0
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** What is watched, and who is told. */
export interface WakeOptions {
  readonly folder: string
  readonly pollIntervalMs: number
  /** The number of the last transaction, as lmdb shows it. */
  readonly lastTransaction: () => number
  /** The low 32 bits, as a signed number, of the last transaction that this process is told of without a watch; `NaN` for none. */
  readonly ownTransaction?: () => number
  /** Called after each commit of others, once it can be read; also now and then when there was none. */
  readonly onChange: () => void
}

/**
 * Notices commits, of this process and others: by a watch on the file, and, since a watch may miss something or not be had
 * at all, by looking every `pollIntervalMs`. Keeps the process alive.
 *
 * @returns a function that ends it
 */
export const watchForCommits = ({
  folder,
  pollIntervalMs,
  lastTransaction,
  ownTransaction = () => Number.NaN,
  onChange,
}: WakeOptions): (() => void) => {
  const file = new WakeFile(folder)
  let announced = file.announced()
  let last = lastTransaction()
  const look = (): void => {
    const before = { announced, last }
    announced = file.announced()
    last = lastTransaction()
    // a commit that is not announced may not be readable yet, or its writer died, so that it never will be announced
    if (announced !== before.announced || last !== before.last || announced < last) onChange()
  }
  // an own commit is told of by the answer to it; what the file does not say is for the poll
  const watcher = tryWatch(join(folder, wakeFileName), () => {
    if ((file.announced() | 0) !== ownTransaction()) look()
  })
  const poll = setInterval(look, pollIntervalMs)
  return () => {
    watcher?.close()
    clearInterval(poll)
    file.close()
  }
}

const tryWatch = (file: string, onEvent: () => void): FSWatcher | undefined => {
  try {
    const watcher = watch(file, { persistent: false }, onEvent)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    // too many watches on this machine: the poll remains
    return undefined
  }
}
