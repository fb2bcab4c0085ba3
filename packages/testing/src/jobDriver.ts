import {
  type ConsumedRecord,
  InvalidOption,
  type Job,
  type ProducerRecord,
  type RecordMetadata,
  type RunMetrics,
  type RunOptions,
  type StoreQuery,
  type Topic,
  type Weir,
} from '@weir/core'
import { requireJob, requireKnown, unexpected } from '@weir/core/protocol'
import { type FaultPlan, requirePlan } from './Fault.ts'
import { Driver } from './internal/Driver.ts'
import { type MemoryDisk, requireDisk } from './MemoryDisk.ts'
import { type VirtualClock, virtualClock } from './virtualClock.ts'

/** How a driver runs its job. */
export interface DriverOptions {
  /** How the job is run; the members' names are the driver's own: `worker-0` and so on. A lease is an hour by default. */
  readonly run?: Omit<RunOptions, 'member' | 'until'>
  /** How many workers share the job, each with a storage handle of its own; 1 by default. */
  readonly workers?: number
  /** Strikes the job's storage, not what is sent and read from outside; each worker counts for itself, over its restarts. */
  readonly faults?: FaultPlan
  /**
   * What becomes of records that the job cannot process or decode. A job sets them aside and goes on, which a test of it
   * would not notice: `reject`, the default, fails the call of the driver after which there is one, with `RecordsSetAside`.
   * `set-aside` is for tests of just that.
   */
  readonly badRecords?: 'reject' | 'set-aside'
  /** An own clock, to share it with others; a new one at 0 by default. */
  readonly clock?: VirtualClock
  /** An own disk, such as one that holds something already; an empty one by default. */
  readonly disk?: MemoryDisk
}

/**
 * A job at work under test: the production runtime, on a storage in memory and a virtual clock.
 *
 * Nothing happens between two calls: the job runs while a call is awaited, until there is nothing left to do at that time.
 */
export interface JobDriver {
  readonly job: Job
  readonly clock: VirtualClock
  readonly disk: MemoryDisk
  /** An open Weir beside the job, on a handle of its own that no fault strikes: for whatever the driver does not do itself. */
  readonly weir: Weir
  /** Whether the job is at work: no worker has crashed or failed, and not all have come to their end. */
  readonly isRunning: boolean
  /**
   * Appends records to a topic in one commit, as another process would; a batch for each partition.
   * Resolves when they are durable, and the job has settled.
   *
   * @throws InvalidOption for what is no topic; what the append failed with, or as `settle`
   */
  send<K, V>(topic: Topic<K, V>, records: ReadonlyArray<ProducerRecord<K, V>>): Promise<ReadonlyArray<RecordMetadata>>
  /**
   * Lets the job do what it can without time moving on.
   *
   * @throws what a run of the job failed with (not a crash), until `restart`; RecordsSetAside, once for each record, unless
   *   `badRecords` is 'set-aside'; ClockNotSettled
   */
  settle(): Promise<void>
  /**
   * Moves time on, as `VirtualClock.advance`.
   *
   * @throws as `settle`
   */
  advance(ms: number): Promise<void>
  /**
   * Everything that is committed in a topic, by partition and offset; nothing when the topic was never written to.
   *
   * @throws InvalidOption for what is no topic; InvariantViolated for a record that the topic's codecs cannot read
   */
  output<K, V>(topic: Topic<K, V>): Promise<ReadonlyArray<ConsumedRecord<K, V>>>
  /**
   * The committed state of one of the job's stores.
   *
   * @throws InvalidJob when the job has no store of this name
   */
  store<K, V>(name: string): StoreQuery<K, V>
  /** What the workers' runs have done since they started, summed. */
  metrics(): RunMetrics
  /**
   * Kills every worker as `kill -9` does: what is not durable is lost. The data stays, see `restart`.
   *
   * The process lives on, and with it what the job's code keeps outside of Weir: variables of modules, closures. A job that remembers
   * there what belongs into a store may pass here; the laws find it, since runs of one job differ then.
   */
  crash(): void
  /**
   * Starts every worker anew from what is committed, and settles. Those that are still at work are stopped first,
   * as in an orderly deployment.
   *
   * @throws as `settle`
   */
  restart(): Promise<void>
  /**
   * Runs the job to the end of its sources, with all windows closed. Afterwards nothing runs.
   *
   * @throws as `settle`; a crash by a fault as well, because then there is no end
   */
  finish(): Promise<void>
  /** Stops the job and closes everything; the disk stays as it is. */
  close(): Promise<void>
}

/**
 * Starts a job under test.
 *
 * @returns once the job has started and settled. A crash by a fault during the start is no failure: see `restart`
 * @throws InvalidJob, InvalidOption, TopicMismatch, StoreMismatch
 * @example
 * import { int32, job, topic, utf8 } from '@weir/core'
 * import { count, to } from '@weir/operators'
 *
 * const words = topic('words', { key: utf8, value: utf8 })
 * const counts = topic('counts', { key: utf8, value: int32 })
 * const wordCount = job('word-count').from(words).pipe(count('counted'), to(counts))
 *
 * const driver = await jobDriver(wordCount)
 * await driver.send(words, [{ key: 'be', value: 'line 1' }, { key: 'be', value: 'line 2' }])
 * driver.crash()
 * await driver.restart()
 * driver.store('counted').get('be') // => 2
 * const output = await driver.output(counts)
 * output.map(({ key, value }) => [key, value]) // => [['be', 1], ['be', 2]]
 */
export const jobDriver = async (job: Job, options: DriverOptions = {}): Promise<JobDriver> => {
  requireJob('jobDriver: the job', job)
  requireKnown(`driver of job '${job.name}'`, options, ['run', 'workers', 'faults', 'badRecords', 'clock', 'disk'])
  const { badRecords = 'reject', faults, clock, disk } = options
  if (faults !== undefined) requirePlan(`driver of job '${job.name}': faults`, faults)
  if (clock !== undefined && typeof (clock as Partial<VirtualClock>).settle !== 'function') {
    throw new InvalidOption(unexpected(`driver of job '${job.name}': clock`, clock, 'one of virtualClock()'))
  }
  if (disk !== undefined) requireDisk(`driver of job '${job.name}': disk`, disk)
  if (badRecords !== 'reject' && badRecords !== 'set-aside') {
    throw new InvalidOption(
      `driver of job '${job.name}': badRecords is '${String(badRecords)}'; expected 'reject' or 'set-aside'`,
    )
  }
  const driver = await Driver.open(job, { ...options, badRecords, clock: clock ?? virtualClock() })
  await driver.start()
  driver.requireWell()
  return driver
}
