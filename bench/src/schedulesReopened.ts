import { topic, utf8, Weir } from '@weir/core'
import { openSchedules } from '@weir/messaging'
import { lmdb } from '@weir/storage-lmdb'
import { watchMemory } from './memory.ts'

// A process of the benchmark schedules, started with the folder: opens it while many deliveries wait, gives one that is due, and
// tells what of it was in memory at most.

const [folder = ''] = process.argv.slice(2)
const due = topic('due', { key: utf8, value: utf8 })
process.once('disconnect', () => process.exit())

const stopWatching = watchMemory()
const weir = await Weir.open(lmdb(folder))
const open = await openSchedules(weir)
const delivered = new Promise<void>((resolve, reject) => {
  weir.topic(due).subscribe({ next: () => resolve(), error: reject })
})
await open.deliver(due, 'k', 'now', { deliverAfterMs: 200 })
await delivered
process.send!(stopWatching().own)
await weir.close()
process.disconnect!()
