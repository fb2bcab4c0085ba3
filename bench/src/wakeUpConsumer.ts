import { type Topic, topic, utf8, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'

// The other process of the benchmark wakeUp, when it is started with a folder: tells when it sees a record.

export const signals: Topic<string, string> = topic('signals', { key: utf8, value: utf8 })

const now = (): number => Number(process.hrtime.bigint()) / 1e6

const [main = '', folder] = process.argv.slice(1)
if (main === import.meta.filename && folder !== undefined) {
  const weir = await Weir.open(lmdb(folder))
  weir
    .topic(signals)
    .from('earliest')
    .subscribe(() => process.send?.(now()))
  process.on('message', (message) => {
    if (message === 'ping') process.send?.(now())
    else void weir.close().thenRun(() => process.exit(0))
  })
  process.once('disconnect', () => process.exit())
  process.send?.(now())
}
