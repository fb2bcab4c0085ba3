import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { bytes, CompletableFuture, type ProducerRecord, type Topic, topic, type TopicOptions, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf } from './measure.ts'
import { row } from './rows.ts'
import { byteRecords, repeated } from './samples.ts'

type Records = ReadonlyArray<ProducerRecord<Uint8Array, Uint8Array>>

/** What it costs to keep little: retention, compaction and topics that hold only so much. */
export const retention = async (bench: Bench): Promise<ReadonlyArray<Row>> => [
  ...(await trimming(bench)),
  ...(await compacting(bench)),
  ...(await dropping(bench)),
  ...(await waiting(bench)),
]

/** Nothing happens in the background: what is measured calls for it. */
const retainIntervalMs = 3_600_000
const partitions = 8
/** Records that are appended between two times of retention: about 10 MB. */
const chunk = 100_000

const bytesTopic = (name: string, options: Partial<TopicOptions<Uint8Array, Uint8Array>> = {}) =>
  topic(name, { key: bytes, value: bytes, partitions, ...options })

const openIn = (folder: string): Promise<Weir> =>
  Promise.resolve(Weir.open(lmdb(folder), { retentionIntervalMs: retainIntervalMs }))

/** What the folder takes on the disk, in MB. */
const folderMegabytes = (folder: string): number =>
  readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).blocks * 512, 0) / 1e6

const topicMegabytes = (weir: Weir, { name }: { readonly name: string }): number => {
  const { firstPartition } = weir.topics().find((info) => info.name === name)!
  let sum = 0
  for (let place = firstPartition; place < firstPartition + partitions; place++) sum += weir.storage.bytes(place)
  return sum / 1e6
}

const trimming = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const chunks = quick ? 1 : 5
  const records = repeated(byteRecords(), chunk)
  const kept = bytesTopic('all')
  const trimmed = bytesTopic('trimmed', { retention: { bytesMax: 1 << 20 } })
  const opened = await Promise.all(
    [kept, trimmed].map(async (target) => {
      const folder = path(target.name)
      const weir = await openIn(folder)
      const producer = await weir.producer(target)
      const append = async (): Promise<void> => {
        for (let number = 0; number < chunks; number++) {
          await producer.appendAll(records)
          if (target === trimmed) await weir.retain(target)
        }
      }
      return { weir, folder, append }
    }),
  )
  const [all, some] = opened as [(typeof opened)[number], (typeof opened)[number]]
  progress(`${chunks * chunk} records with a retention of 1 MiB a partition, and without`)
  const { base, head } = await contest({
    rounds: quick ? 1 : 3,
    base: () => rateOf(chunks * chunk, all.append),
    head: () => rateOf(chunks * chunk, some.append),
  })
  const sizes = { base: folderMegabytes(all.folder), head: folderMegabytes(some.folder) }
  await Promise.all(opened.map(({ weir }) => weir.close()))
  const name = 'append 100 bytes, trimmed to 1 MiB a partition after every 100 k records: against no retention'
  return [
    row({ name, value: head, unit: 'records/s', baseline: base }),
    row({ name: `${name}: folder`, value: sizes.head, unit: 'MB', baseline: sizes.base }),
  ]
}

const compacting = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 100_000 : 1_000_000
  const folder = path('compacted')
  const weir = await openIn(folder)
  const target = bytesTopic('compacted', { cleanup: 'compact' })
  // 5 000 keys, again and again
  await (await weir.producer(target)).appendAll(repeated(byteRecords(), count))
  const before = { topic: topicMegabytes(weir, target), folder: folderMegabytes(folder) }
  progress(`compacting ${count} records of 5 000 keys`)
  const rate = await rateOf(count, () => weir.retain(target))
  const after = { topic: topicMegabytes(weir, target), folder: folderMegabytes(folder) }
  await weir.close()
  const name = `compaction of ${count / 1_000} k records of 5 000 keys`
  return [
    row({ name: `${name}: records read and judged`, value: rate, unit: 'records/s' }),
    row({
      name: `${name}: bytes of the topic, against before`,
      value: after.topic,
      unit: 'MB',
      baseline: before.topic,
    }),
    row({
      name: `${name}: folder, against before (free pages are used again, not given back)`,
      value: after.folder,
      unit: 'MB',
      baseline: before.folder,
    }),
  ]
}

const dropping = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 20_000 : 100_000
  const records = repeated(byteRecords(), count)
  const weir = await openIn(path('dropping'))
  const unbounded = await weir.producer(bytesTopic('unbounded'))
  const capacity = { countMax: 10_000, whenFull: 'drop-oldest' } as const
  const bounded = await weir.producer(bytesTopic('drop-oldest', { capacity }))
  progress(`${count} records into partitions that hold 10 000 and drop the oldest`)
  const { base, head } = await contest({
    rounds: quick ? 1 : 3,
    base: () => rateOf(count, () => unbounded.appendAll(records)),
    head: () => rateOf(count, () => bounded.appendAll(records)),
  })
  await weir.close()
  return [
    row({
      name: 'append 100 bytes, capacity 10 000 a partition, drop-oldest: against no capacity',
      value: head,
      unit: 'records/s',
      baseline: base,
    }),
  ]
}

const waiting = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 20_000 : 100_000
  const records = repeated(byteRecords(), count)
  const weir = await openIn(path('waiting'))
  const through = await appendThroughGroup(weir, bytesTopic('unbounded'), records)
  const capacity = { countMax: 10_000, whenFull: 'wait' } as const
  const throughBounded = await appendThroughGroup(weir, bytesTopic('wait', { capacity }), records)
  progress(`${count} records through a group, with partitions that hold 10 000`)
  const { base, head } = await contest({
    rounds: quick ? 1 : 3,
    base: () => rateOf(count, through.run),
    head: () => rateOf(count, throughBounded.run),
  })
  await Promise.all([through.stop(), throughBounded.stop()])
  await weir.close()
  return [
    row({
      name: 'append 100 bytes until a group has handled all, capacity 10 000 a partition, wait: against no capacity',
      value: head,
      unit: 'records/s',
      baseline: base,
    }),
  ]
}

/** A run appends all records, and ends when a group has handled them. */
const appendThroughGroup = async (weir: Weir, target: Topic<Uint8Array, Uint8Array>, records: Records) => {
  const producer = await weir.producer(target)
  let handled = 0
  let done = new CompletableFuture<void>()
  const running = await weir
    .topic(target)
    .group(`of-${target.name}`)
    .process(
      () => {
        if (++handled === records.length) done.complete(undefined)
      },
      { order: 'none' },
    )
  return {
    run: async (): Promise<void> => {
      handled = 0
      done = new CompletableFuture()
      await CompletableFuture.anyOf([running.done, producer.appendAll(records).thenCompose(() => done)])
    },
    stop: () => running.stop(),
  }
}
