import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { median } from './measure.ts'

/** In one line: what the figures depend on. */
export const describeMachine = (folder: string): string =>
  `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, ` +
  `a flush of 4 KiB in ${folder} takes ${flushMs(folder).toFixed(2)} ms`

/** How long the disk takes to make 4 KiB durable, in ms: no synced append can be faster. */
const flushMs = (folder: string): number => {
  const file = join(folder, `weir-bench-flush-${process.pid}`)
  const page = new Uint8Array(4096).fill(1)
  const handle = openSync(file, 'w')
  try {
    const times = Array.from({ length: 200 }, () => {
      const start = performance.now()
      writeSync(handle, page)
      fdatasyncSync(handle)
      return performance.now() - start
    })
    return median(times)
  } finally {
    closeSync(handle)
    rmSync(file)
  }
}
