import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { bytes, topic, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import { Redis } from 'ioredis'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf, sleep } from './measure.ts'
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
  const appendCount = quick ? 300_000 : 1_000_000
  const records = repeated(pool, appendCount)

  const { server, redis } = await startRedis(path('redis'))
  const values = pool.map(({ key, value }) => [Buffer.from(key), Buffer.from(value)] as const)
  const addCount = quick ? 20_000 : 100_000
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
      rounds: quick ? 3 : 7,
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

const startRedis = async (folder: string): Promise<{ readonly server: ChildProcess; readonly redis: Redis }> => {
  mkdirSync(folder)
  const socket = join(folder, 'redis.sock')
  const options = { port: 0, unixsocket: socket, dir: folder, appendonly: 'yes', appendfsync: 'always', save: '' }
  const server = spawn(
    'redis-server',
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: 'ignore' },
  )
  process.once('exit', () => server.kill('SIGKILL'))
  await once(server, 'spawn')
  const redis = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => undefined)
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      await redis.connect()
      return { server, redis }
    } catch {
      await sleep(100)
    }
  }
  server.kill('SIGKILL')
  throw new Error('redis-server gave no answer for 5 s')
}

const onPath = (command: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
