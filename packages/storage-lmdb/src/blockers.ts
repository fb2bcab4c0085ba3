import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'

// A file for each process that has the folder open, so that one that holds everyone up can be named.
// (The lock file of lmdb knows too, but reading it would drop this process's own locks.)

let opened = 0

/** Notes that this process has the folder open; the answer takes the note away. */
export const registerOpener = (folder: string): (() => void) => {
  const pids = join(folder, 'pids')
  mkdirSync(pids, { recursive: true, mode: 0o700 })
  for (const { name, state } of openers(folder)) if (state === 'gone') rmSync(join(pids, name), { force: true })
  const file = join(pids, `${process.pid}.${threadId}.${opened++}`)
  writeFileSync(file, '', { mode: 0o600 })
  return () => rmSync(file, { force: true })
}

/** Which processes may hold the write lock, in words. */
export const describeBlockers = (folder: string): string => {
  const others = openers(folder).filter(({ pid, state }) => pid !== process.pid && state !== 'gone')
  const stopped = new Set(others.filter(({ state }) => state === 'stopped').map(({ pid }) => pid))
  if (stopped.size > 0) {
    return `process ${[...stopped].join(', ')} has the folder open and is stopped (SIGSTOP); let it go on (SIGCONT) or end it`
  }
  const pids = new Set(others.map(({ pid }) => pid))
  return pids.size > 0
    ? `another process holds it; the folder is open in process ${[...pids].join(', ')}`
    : 'no other process is known to have the folder open'
}

interface Opener {
  readonly name: string
  readonly pid: number
  readonly state: 'running' | 'stopped' | 'gone'
}

const openers = (folder: string): ReadonlyArray<Opener> => {
  try {
    return readdirSync(join(folder, 'pids')).map((name) => {
      const pid = Number.parseInt(name, 10)
      return { name, pid, state: stateOf(pid) }
    })
  } catch {
    // a folder that cannot be listed names nobody
    return []
  }
}

const stateOf = (pid: number): Opener['state'] => {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'gone'
  }
  try {
    // the state follows the name of the program, which stands in parentheses and may hold anything
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const state = status[status.lastIndexOf(')') + 2]
    return state === 'T' || state === 't' ? 'stopped' : state === 'Z' ? 'gone' : 'running'
  } catch {
    return 'running'
  }
}
