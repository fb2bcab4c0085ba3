import { createInterface } from 'node:readline'
import { commitOf, EpochFenced } from '@weir/core'
import { epochOf, epochRow, epochValue, RecordBatchBuilder } from '@weir/core/storage'
import { lmdb } from '@weir/storage-lmdb'

// Takes over as the owner, and commits under its epoch until it is refused, or told to stop: a record whose key is the epoch to
// the partition. Told to `freeze` it stops between two commits, until it is sent SIGCONT. Says `owner <epoch>`, `acked`, `frozen`, and
// `fenced` or `stopped`.

const [folder = '', owner = '', partition = '0'] = process.argv.slice(2)
const storage = await lmdb(folder).open()
const key = epochRow(owner)
const before = storage.rows.get(key) ?? null
const epoch = epochOf(before ?? undefined) + 1
const append = () => {
  const builder = new RecordBatchBuilder()
  builder.add(String(epoch), 'v'.repeat(200), 0, null, null, -Infinity)
  return [{ partition: Number(partition), batch: builder.build() }]
}
await storage.commit(
  commitOf({ expect: [{ key, value: before }], rows: [{ key, value: epochValue(epoch) }], append: append() }),
)
console.log(`owner ${epoch}`)
let order: string | undefined
createInterface({ input: process.stdin })
  .on('line', (line) => (order = line))
  .on('close', () => (order = 'stop'))
try {
  while (order !== 'stop') {
    await storage.commit(commitOf({ fence: { owner, epoch }, append: append() }))
    process.stdout.write('acked\n')
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (order !== 'freeze') continue
    order = undefined
    // within a commit it would hold the lock, and nobody could take over
    console.log('frozen')
    process.kill(process.pid, 'SIGSTOP')
  }
  console.log('stopped')
} catch (error) {
  if (!(error instanceof EpochFenced)) throw error
  console.log('fenced')
}
await storage.close()
process.exit(0)
