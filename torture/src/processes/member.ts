import { openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import { historyRecorder, recordStorage } from '@weir/testing'
import { numbering, recordsOf } from '../topics.ts'

// Runs the job as a member of its group until it is told to stop. Says `open`, `assigned <n>` whenever that changes, `committed`
// for each commit, and `left`. A job that ends by a failure ends the process.

const [folder = '', file = '', name = '', leaseMs = '3000'] = process.argv.slice(2)
const history = openSync(file, 'a', 0o600)
const recorder = historyRecorder(name, (line) => writeSync(history, line))
let weir: Weir | undefined
const records = recordsOf(() => weir)
weir = await Weir.open({
  open: () =>
    lmdb(folder)
      .open()
      .thenApply((storage) => recordStorage(storage, recorder, records)),
})
const running = await weir.run(numbering, { leaseMs: Number(leaseMs), batchRecordsMax: 50, commitIntervalMs: 0 })
console.log('open')
let assigned = -1
let commits = 0
const look = (): void => {
  if (running.assigned.length !== assigned) console.log(`assigned ${(assigned = running.assigned.length)}`)
  if (running.metrics().commits !== commits) console.log(`committed ${(commits = running.metrics().commits)}`)
}
const looking = setInterval(look, 5)
running.done.whenComplete((_, error) => {
  if (error !== undefined) throw error
})
// the end of the rig ends it too
createInterface({ input: process.stdin })
  .on('close', () => process.exit(1))
  .on('line', async () => {
    clearInterval(looking)
    await running.stop()
    await weir.close()
    console.log('left')
    process.exit(0)
  })
