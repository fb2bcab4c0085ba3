import { createInterface } from 'node:readline'
import { once } from 'node:events'
import { commitOf } from '@weir/core'
import { epochRow, epochValue, RecordBatchBuilder } from '@weir/core/storage'
import { lmdb } from '@weir/storage-lmdb'

// Opens a folder, says `open`, waits for a line, makes one commit of records in several partitions, a position and rows, and says
// `committed` when it is acknowledged.

const [folder = '', size = '1'] = process.argv.slice(2)
const storage = await lmdb(folder).open()
console.log('open')
await once(createInterface({ input: process.stdin }), 'line')
const batchOf = (partition: number): Uint8Array => {
  const builder = new RecordBatchBuilder()
  for (let number = 0; number < 3; number++)
    builder.add(`new-${partition}-${number}`, 'n'.repeat(700 * Number(size)), 0, null, null, -Infinity)
  return builder.build()
}
await storage.commit(
  commitOf({
    append: [0, 1].map((partition) => ({ partition, batch: batchOf(partition) })),
    positions: [{ group: 'reader', partition: 0, from: 2, next: 5 }],
    rows: [{ key: epochRow('torture'), value: epochValue(2) }],
  }),
)
console.log('committed')
await storage.close()
process.exit(0)
