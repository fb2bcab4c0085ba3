import { openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { entry, StorageFull, Weir } from '@weir/core'
import { lmdb, type LmdbOptions } from '@weir/storage-lmdb'
import { historyRecorder, recordStorage } from '@weir/testing'
import { lineOf, lines, recordsOf } from '../topics.ts'

// Appends lines, several commits at once and several lines in each, until it is told to stop. Says `open`, `acked <n>` for every
// commit, `full` when there was no room, `reopened` when it had to open the folder anew after a failure, `hung` and `closed`.

/** How a writer works. */
export interface WriterOptions {
  readonly inFlight: number
  readonly linesMax: number
  /** A pause after each commit. */
  readonly pauseMs?: number
  /** So many commits at most. */
  readonly commitsMax?: number
  /** After a failure of the storage it opens the folder again and goes on; else it ends. */
  readonly reopens?: boolean
  readonly users?: number
  readonly lmdb?: LmdbOptions
}

const [folder = '', file = '', name = '', given = '{}'] = process.argv.slice(2)
const {
  inFlight,
  linesMax,
  pauseMs = 0,
  commitsMax = Infinity,
  reopens = false,
  users = 20,
  lmdb: options = {},
} = JSON.parse(given) as WriterOptions
const hungAfterMs = 10_000

const history = openSync(file, 'a', 0o600)
const recorder = historyRecorder(name, (line) => writeSync(history, line))
let current: Weir | undefined
const records = recordsOf(() => current)
const open = async (): Promise<Weir> =>
  (current = await Weir.open({
    open: () =>
      lmdb(folder, options)
        .open()
        .thenApply((storage) => recordStorage(storage, recorder, records)),
  }))

const stop = new AbortController()
// it ends with the rig as well
createInterface({ input: process.stdin })
  .on('line', () => stop.abort())
  .on('close', () => stop.abort())

let commits = 0
let written = 0
let weir = await open()
console.log('open')

const append = async (): Promise<void> => {
  const many = 1 + (commits++ % linesMax)
  const parts = Array.from({ length: many }, () => {
    const id = `${name}-${written++}`
    return entry(lines, id, lineOf(id, `u${(written * 7) % users}`), { partition: written % lines.partitions })
  })
  const hung = setTimeout(() => console.log(`hung for ${hungAfterMs} ms`), hungAfterMs)
  try {
    await weir.append(...parts)
    process.stdout.write(`acked ${many}\n`)
  } finally {
    clearTimeout(hung)
  }
  if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
}

const keepAppending = async (): Promise<void> => {
  while (!stop.signal.aborted && commits < commitsMax) {
    try {
      await append()
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error
      console.log('full')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

while (!stop.signal.aborted && commits < commitsMax) {
  const [first] = (await Promise.allSettled(Array.from({ length: inFlight }, keepAppending))).filter(
    (outcome) => outcome.status === 'rejected',
  )
  if (first === undefined) break
  if (!reopens) throw first.reason
  await weir.close()
  weir = await open()
  console.log(`reopened after ${String(first.reason)}`)
}
await weir.close()
console.log('closed')
process.exit(0)
