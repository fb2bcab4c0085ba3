import { bytes, CompletableFuture, topic, utf8, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Redis } from 'ioredis'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf, sleep } from './measure.ts'
import { onPath, startRedis } from './redisServer.ts'
import { row } from './rows.ts'
import { byteRecords, repeated } from './samples.ts'

const readCount = 500
/** Reads on their way at once. */
const consumers = 8

/** A group that consumes and commits: against XREADGROUP and XACK of Redis Streams; and many calls at once on one partition. */
export const group = async (bench: Bench): Promise<ReadonlyArray<Row>> => [
  ...(await againstRedis(bench)),
  await onePartition(bench, 'key', 1.5),
  await onePartition(bench, 'none', 0.6),
]

/** Records of 100 bytes, handled by a function that returns, exactly once. */
const consumeAll = async (weir: Weir, name: string, count: number): Promise<void> => {
  const done = new CompletableFuture<void>()
  let handled = 0
  const running = await weir
    .topic(records)
    .group(name)
    .process(
      () => {
        if (++handled === count) done.complete(undefined)
      },
      { order: 'none' },
    )
  await CompletableFuture.anyOf([done, running.done])
  await running.stop()
}

const records = topic('records', { key: bytes, value: bytes, partitions: 8 })

const againstRedis = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const pool = byteRecords()
  const weir = await Weir.open(lmdb(path('weir')))
  const count = quick ? 50_000 : 500_000
  await (await weir.producer(records)).appendAll(repeated(pool, count))
  const name = 'consume and commit 100 bytes through a group, exactly once, 8 partitions'
  let round = 0
  const head = (): Promise<number> => rateOf(count, () => consumeAll(weir, `group-${round++}`, count))
  if (!onPath('redis-server')) {
    progress('SKIPPED: there is no redis-server on the PATH (Debian: apt-get install redis-server)')
    await head()
    const value = await head()
    await weir.close()
    return [row({ name, value, unit: 'records/s' })]
  }
  const { server, redis } = await startRedis(path('redis'))
  const ackCount = quick ? 5_000 : 50_000
  try {
    await fill(redis, pool, ackCount)
    progress(`${count} records here, ${ackCount} in Redis, by turns`)
    const { base, head: value } = await contest({
      rounds: quick ? 1 : 5,
      base: () => rateOf(ackCount, () => readAndAcknowledge(redis, `group-${round++}`, ackCount)),
      head,
    })
    const against = 'against XREADGROUP and XACK of 500 with appendfsync always'
    return [
      row({
        name: `${name}: ${against}`,
        value,
        unit: 'records/s',
        baseline: base,
        budget: { of: 'ratio', atLeast: 5 },
      }),
    ]
  } finally {
    redis.disconnect()
    server.kill()
    await weir.close()
  }
}

const fill = async (redis: Redis, pool: ReturnType<typeof byteRecords>, count: number): Promise<void> => {
  for (let next = 0; next < count;) {
    const pipeline = redis.pipeline()
    for (let index = 0; index < readCount; index++, next++) {
      const { key, value } = pool[next % pool.length]!
      pipeline.xadd('records', '*', Buffer.from(key), Buffer.from(value))
    }
    await pipeline.exec()
  }
}

const readAndAcknowledge = async (redis: Redis, name: string, count: number): Promise<void> => {
  await redis.xgroup('CREATE', 'records', name, '0')
  let read = 0
  const consume = async (consumer: number): Promise<void> => {
    while (read < count) {
      const answer = (await redis.xreadgroup(
        'GROUP',
        name,
        `consumer-${consumer}`,
        'COUNT',
        readCount,
        'STREAMS',
        'records',
        '>',
      )) as ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, unknown]>]> | null
      const ids = answer?.[0]?.[1].map(([id]) => id) ?? []
      if (ids.length === 0) return
      read += ids.length
      await redis.xack('records', name, ...ids)
    }
  }
  await Promise.all(Array.from({ length: consumers }, (_, index) => consume(index)))
}

const workMs = 5
const keys = 1_000
const recordCount = 10_000

/** 10 000 records of 1 000 keys on one partition, with 5 ms of asynchronous work each. */
const onePartition = async (
  { quick, path, progress }: Bench,
  order: 'key' | 'none',
  secondsMax: number,
): Promise<Row> => {
  const weir = await Weir.open(lmdb(path(`one-partition-${order}`)))
  const one = topic('one', { key: utf8, value: utf8 })
  const values = Array.from({ length: recordCount }, (_, index) => ({ key: `k${index % keys}`, value: String(index) }))
  await (await weir.producer(one)).appendAll(values)
  const seconds: number[] = []
  for (let round = 0; round < (quick ? 1 : 7); round++) {
    progress(`10 000 records of 5 ms on one partition, order '${order}', round ${round + 1}`)
    const begin = performance.now()
    let handled = 0
    const done = new CompletableFuture<void>()
    const running = await weir
      .topic(one)
      .group(`round-${round}`)
      .process(
        async () => {
          await sleep(workMs)
          if (++handled === recordCount) done.complete(undefined)
        },
        { order, concurrencyMax: 256 },
      )
    await CompletableFuture.anyOf([done, running.done])
    seconds.push((performance.now() - begin) / 1_000)
    await running.stop()
  }
  await weir.close()
  seconds.sort((a, b) => a - b)
  return row({
    name: `10 000 records of 1 000 keys on one partition, 5 ms of asynchronous work each, order '${order}', concurrencyMax 256`,
    value: seconds[seconds.length >> 1]!,
    unit: 's',
    budget: { of: 'value', atMost: secondsMax },
  })
}
