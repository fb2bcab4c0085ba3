import { bytes, topic, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf } from './measure.ts'
import { onPath, startRedis } from './redisServer.ts'
import { row } from './rows.ts'
import { byteRecords, repeated } from './samples.ts'

const pipelineRecords = 500
/** Pipelines on their way at once. */
const pipelines = 8

/** Records of 100 bytes, synced: through the public producer, against Redis Streams that sync every write. */
export const redisStreams = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  if (!onPath('redis-server')) {
    progress('SKIPPED: there is no redis-server on the PATH (Debian: apt-get install redis-server)')
    return []
  }
  const pool = byteRecords()
  const weir = await Weir.open(lmdb(path('weir')))
  const producer = await weir.producer(topic('bytes', { key: bytes, value: bytes, partitions: 8 }))
  const appendCount = quick ? 200_000 : 1_000_000
  const records = repeated(pool, appendCount)

  const { server, redis } = await startRedis(path('redis'))
  const values = pool.map(({ key, value }) => [Buffer.from(key), Buffer.from(value)] as const)
  const addCount = quick ? 10_000 : 100_000
  const add = async (): Promise<void> => {
    let next = 0
    const work = async (): Promise<void> => {
      while (next < addCount) {
        const pipeline = redis.pipeline()
        for (let index = 0; index < pipelineRecords; index++) {
          const [key, value] = values[next++ % values.length]!
          pipeline.xadd('records', '*', key, value)
        }
        for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error
      }
    }
    await Promise.all(Array.from({ length: pipelines }, work))
  }
  try {
    progress(`${appendCount} records here, ${addCount} in Redis, by turns`)
    const { base, head } = await contest({
      rounds: quick ? 1 : 7,
      base: () => rateOf(addCount, add),
      head: () => rateOf(appendCount, () => producer.appendAll(records)),
    })
    return [
      row({
        name: 'append 100 bytes, synced: against XADD in pipelines of 500 to Redis Streams with appendfsync always',
        value: head,
        unit: 'records/s',
        baseline: base,
        budget: { of: 'ratio', atLeast: 15 },
      }),
    ]
  } finally {
    redis.disconnect()
    server.kill()
    await weir.close()
  }
}
