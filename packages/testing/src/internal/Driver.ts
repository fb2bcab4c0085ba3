import {
  type CompletableFuture,
  type ConsumedRecord,
  entry,
  invariant,
  InvalidOption,
  type Job,
  type ProducerRecord,
  type RecordMetadata,
  type RunMetrics,
  type RunOptions,
  StorageFailed,
  type StoreQuery,
  type Topic,
  Weir,
} from '@weir/core'
import { requireTopic } from '@weir/core/protocol'
import type { DriverOptions, JobDriver } from '../jobDriver.ts'
import { type MemoryDisk, memoryDisk } from '../MemoryDisk.ts'
import { memory } from '../memoryStorage.ts'
import type { VirtualClock } from '../virtualClock.ts'
import { seededRandom } from '../seededRandom.ts'
import { backgroundMs, DriverWorker } from './DriverWorker.ts'
import { type CommitListener, FaultInjector } from './FaultInjector.ts'
import { readTopic } from './readTopic.ts'
import { SetAside } from './SetAside.ts'

/** What a driver is opened with, by users and by laws. */
export interface DriverSettings extends DriverOptions {
  readonly clock: VirtualClock
  /** Told of the commits of a worker, by its place. */
  readonly onCommit?: (worker: number) => CommitListener
}

const workersMax = 64

/** The workers of a job, and what is done to them from outside. */
export class Driver implements JobDriver {
  readonly job: Job
  readonly clock: VirtualClock
  readonly disk: MemoryDisk
  readonly weir: Weir
  readonly workers: ReadonlyArray<DriverWorker>
  readonly #run: RunOptions
  readonly #setAside: SetAside | undefined

  /** Opens everything and starts nothing. */
  static async open(job: Job, options: DriverSettings): Promise<Driver> {
    const { clock, disk = memoryDisk() } = options
    const weir = await Weir.open(memory({ disk, clock }), {
      clock,
      random: seededRandom(0),
      retentionIntervalMs: backgroundMs,
    })
    return new Driver(job, weir, disk, options)
  }

  private constructor(job: Job, weir: Weir, disk: MemoryDisk, settings: DriverSettings) {
    const { clock, workers = 1, faults = [], run = {}, onCommit, badRecords = 'reject' } = settings
    if (!Number.isInteger(workers) || workers < 1 || workers > workersMax) {
      throw new InvalidOption(`driver of job '${job.name}': workers is ${workers}; expected 1 to ${workersMax}`)
    }
    this.job = job
    this.clock = clock
    this.disk = disk
    this.weir = weir
    this.#run = run
    this.#setAside = badRecords === 'reject' ? new SetAside(job, weir.storage) : undefined
    this.workers = Array.from(
      { length: workers },
      (_, index) => new DriverWorker(job, disk, clock, new FaultInjector(faults, onCommit?.(index))),
    )
  }

  get isRunning(): boolean {
    // a worker ends at once when there are fewer tasks than workers
    return !this.hasEnded && this.workers.every(({ state }) => state === 'running' || state === 'ended')
  }

  get hasEnded(): boolean {
    return this.workers.every(({ state }) => state === 'ended')
  }

  /** Starts all workers, and settles. */
  async start(until?: 'end'): Promise<void> {
    for (const worker of this.workers) this.begin(worker, until)
    await this.clock.settle()
  }

  /** Starts a worker. */
  begin(worker: DriverWorker, until?: 'end'): void {
    const run = { leaseMs: backgroundMs, ...this.#run, member: `worker-${this.workers.indexOf(worker)}` }
    worker.start(until === undefined ? run : { ...run, until })
  }

  /** @throws what a worker's run failed with; RecordsSetAside */
  requireWell(): void {
    for (const worker of this.workers) if (worker.state === 'failed') throw worker.failure
    this.#setAside?.requireNone()
  }

  async send<K, V>(
    topic: Topic<K, V>,
    records: ReadonlyArray<ProducerRecord<K, V>>,
  ): Promise<ReadonlyArray<RecordMetadata>> {
    requireTopic('driver.send: the topic', topic)
    const sent = await this.append(topic, records)
    await this.settle()
    return sent
  }

  /** As `send`, without a look at how the job is doing. */
  append<K, V>(
    topic: Topic<K, V>,
    records: ReadonlyArray<ProducerRecord<K, V>>,
  ): Promise<ReadonlyArray<RecordMetadata>> {
    return this.drive(this.weir.append(...records.map((record) => entry(topic, record.key, record.value, record))))
  }

  async settle(): Promise<void> {
    await this.clock.settle()
    this.requireWell()
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms)
    this.requireWell()
  }

  async output<K, V>(topic: Topic<K, V>): Promise<ReadonlyArray<ConsumedRecord<K, V>>> {
    requireTopic('driver.output: the topic', topic)
    await this.clock.settle()
    return readTopic(this.weir.storage, topic)
  }

  store<K, V>(name: string): StoreQuery<K, V> {
    return this.weir.store<K, V>(this.job, name)
  }

  metrics(): RunMetrics {
    const all = this.workers.map((worker) => worker.metrics()).filter((metrics) => metrics !== undefined)
    const sum = (figure: keyof RunMetrics): number => all.reduce((total, metrics) => total + metrics[figure], 0)
    return {
      recordsIn: sum('recordsIn'),
      recordsLate: sum('recordsLate'),
      recordsBad: sum('recordsBad'),
      commits: sum('commits'),
      lag: sum('lag'),
    }
  }

  crash(): void {
    for (const worker of this.workers) worker.crash()
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
    this.requireWell()
  }

  async finish(): Promise<void> {
    await this.stop()
    await this.start('end')
    this.requireWell()
    const { name } = this.job
    if (this.workers.some(({ state }) => state === 'crashed')) {
      throw new StorageFailed(`job '${name}': a fault crashed the run to the end; expected none in finish()`)
    }
    const stuck = this.workers.flatMap(({ state }, index) => (state === 'ended' ? [] : [`worker ${index} is ${state}`]))
    invariant(
      stuck.length === 0,
      `job '${name}' came to no end, lag ${this.metrics().lag}: ${stuck.join(', ')}; ` +
        'expected no step that takes real time, such as a sink into files or over the network: memorySink() stands for it',
    )
  }

  async stop(): Promise<void> {
    const stops = this.workers.map((worker) => worker.stop())
    await this.clock.settle()
    // commits on their way may be slow
    for (let next = this.clock.pending()[0]; next !== undefined && stops.some(({ isDone }) => !isDone);) {
      await this.clock.advance(next.dueMs - this.clock.monotonic())
      next = this.clock.pending()[0]
    }
    for (const stop of stops) await this.drive(stop)
  }

  async close(): Promise<void> {
    await this.stop()
    await this.drive(this.weir.close())
  }

  /** Runs the clock until a future of this driver is done. */
  async drive<A>(future: CompletableFuture<A>): Promise<A> {
    await this.clock.settle()
    if (!future.isDone) {
      const waiting = this.clock
        .pending()
        .map(({ kind, name, dueMs }) => `${kind} ${name || '(unnamed)'} at ${dueMs} ms`)
      invariant(
        false,
        `job '${this.job.name}': a call waits for time to move on: ${waiting.join(', ') || 'nothing is pending'}`,
      )
    }
    return future
  }
}
