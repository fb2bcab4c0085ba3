import { readFileSync } from 'node:fs'
import { collectGarbage } from './measure.ts'

/** What of a process is in memory, in MB. */
export interface Resident {
  /** Its own: heaps, buffers, stacks, code that it made. */
  readonly own: number
  /** Pages of files that it has mapped: for lmdb's map these are the page cache, which the kernel takes back when it needs room. */
  readonly mapped: number
}

/** Reads `/proc`; elsewhere all that is resident counts as the process's own. */
const resident = (): Resident => {
  if (process.platform !== 'linux') return { own: process.memoryUsage.rss() / 2 ** 20, mapped: 0 }
  const status = readFileSync('/proc/self/status', 'utf8')
  const megabytes = (field: string): number =>
    Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024
  return { own: megabytes('RssAnon'), mapped: megabytes('RssFile') + megabytes('RssShmem') }
}

/** Looks every 20 ms until it is stopped, and gives the highest it saw of each. */
export const watchMemory = (): (() => Resident) => {
  collectGarbage()
  let highest = resident()
  const look = (): void => {
    const { own, mapped } = resident()
    highest = { own: Math.max(highest.own, own), mapped: Math.max(highest.mapped, mapped) }
  }
  const timer = setInterval(look, 20)
  return () => {
    clearInterval(timer)
    look()
    return highest
  }
}
