import { type FSWatcher, watch } from 'node:fs'
import { join } from 'node:path'

export interface WakeOptions {
  readonly folder: string
  readonly pollIntervalMs: number
  /** A number that grows with every commit of any process. */
  readonly lastCommit: () => number
  readonly onChange: () => void
}

/**
 * Notices commits of other processes: by a watch on the file that every writer touches, and, since a watch may miss
 * something or not be had at all, by looking every `pollIntervalMs`.
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
  const watcher = tryWatch(join(folder, 'wake'), look)
  const poll = setInterval(look, pollIntervalMs)
  poll.unref()
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
