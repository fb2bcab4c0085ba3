import type { ConsumedRecord } from '../../src/model/ConsumedRecord.ts'
import type { Job } from '../../src/job/Job.ts'
import { entry } from '../../src/log/entry.ts'
import type { Topic } from '../../src/log/Topic.ts'
import type { RunningJob } from '../../src/runtime/RunningJob.ts'
import type { RunOptions, Weir } from '../../src/runtime/Weir.ts'
import type { World } from './world.ts'

/** A record to send: key, value, and its time in ms, which is 0 when left out. */
export type Sent<K, V> = readonly [key: K, value: V, timestamp?: number]

/** Appends records in one commit, a batch for each partition, and lets everything settle. */
export const send = async <K, V>(
  { weir, outcome }: Pick<World, 'weir' | 'outcome'>,
  to: Topic<K, V>,
  records: ReadonlyArray<Sent<K, V>>,
  partition?: number,
): Promise<void> => {
  const options = partition === undefined ? {} : { partition }
  await outcome(
    weir.append(...records.map(([key, value, timestamp = 0]) => entry(to, key, value, { timestamp, ...options }))),
  )
}

/** Starts a job, and lets it do what there is to do. */
export const start = async (
  world: World,
  job: Job,
  options?: RunOptions,
  weir: Weir = world.weir,
): Promise<RunningJob> => {
  const running = await world.outcome(weir.run(job, options))
  await world.clock.settle()
  return running
}

/** Everything that is committed in a topic, by partition and offset. */
export const recordsOf = async <K, V>(
  { weir, clock }: Pick<World, 'weir' | 'clock'>,
  of: Topic<K, V>,
): Promise<ReadonlyArray<ConsumedRecord<K, V>>> => {
  const records: Array<ConsumedRecord<K, V>> = []
  weir
    .topic(of)
    .from('earliest')
    .toEnd()
    .subscribe((record) => {
      if (record._tag === 'BadRecord') throw new Error(`offset ${record.offset} cannot be decoded`)
      records.push(record)
    })
  await clock.settle()
  return records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** What is committed in a topic, as `key: value` or `key@timestamp: value`. */
export const linesOf = async <K, V>(
  world: Pick<World, 'weir' | 'clock'>,
  of: Topic<K, V>,
  show: 'values' | 'times' = 'values',
): Promise<ReadonlyArray<string>> =>
  (await recordsOf(world, of)).map(
    ({ key, value, timestamp }) => `${String(key)}${show === 'times' ? `@${timestamp}` : ''}: ${String(value)}`,
  )
