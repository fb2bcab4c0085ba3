import { type Topic, topic, utf8, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'

// The other member of the benchmark handOver, when it is started with a folder: joins, says so, and leaves when it is told to.

export const work: Topic<string, string> = topic('work', { key: utf8, value: utf8, partitions: 8 })

const [main = '', folder] = process.argv.slice(1)
if (main === import.meta.filename && folder !== undefined) {
  const weir = await Weir.open(lmdb(folder))
  const running = await weir
    .topic(work)
    .group('workers')
    .process(() => undefined)
  process.on(
    'message',
    () =>
      void running
        .stop()
        .thenCompose(() => weir.close())
        .thenRun(() => process.exit(0)),
  )
  process.once('disconnect', () => process.exit())
  process.send?.('joined')
}
