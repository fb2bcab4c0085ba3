import { closeSync, constants, type FSWatcher, openSync, watch, writeSync } from 'node:fs'
import { join } from 'node:path'

// A file that every process touches after a commit and that all of them watch.

export const wakeFileName = 'wake'

/** Tells whoever has the folder open that there is something new. */
export class WakeFile {
  readonly #file: number
  readonly #byte = new Uint8Array(1)

  constructor(folder: string) {
    this.#file = openSync(join(folder, wakeFileName), constants.O_RDWR | constants.O_CREAT, 0o600)
  }

  touch(): void {
    try {
      writeSync(this.#file, this.#byte, 0, 1, 0)
    } catch {
      // they poll too
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}

export interface WakeOptions {
  readonly folder: string
  readonly pollIntervalMs: number
  /** A number that is another one after every commit of any process. */
  readonly lastCommit: () => number
  readonly onChange: () => void
}

/**
 * Notices commits, of this process and others: by a watch on the file that every writer touches, and, since a watch may
 * miss something or not be had at all, by looking every `pollIntervalMs`. Keeps the process alive.
 *
 * @returns a function that ends it
 */
export const watchForCommits = ({ folder, pollIntervalMs, lastCommit, onChange }: WakeOptions): (() => void) => {
  let seen = lastCommit()
  const look = (): void => {
    const last = lastCommit()
    if (last === seen) return
    seen = last
    onChange()
  }
  const watcher = tryWatch(join(folder, wakeFileName), look)
  const poll = setInterval(look, pollIntervalMs)
  return () => {
    watcher?.close()
    clearInterval(poll)
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
