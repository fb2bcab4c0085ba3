import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { Group } from '../group/Group.ts'
import { assignments } from '../group/assignment.ts'
import type { Job } from '../job/Job.ts'
import { planJob, topicsOf } from '../job/plan.ts'
import { appendEntries, type Entry } from '../log/entry.ts'
import { BoundedProducer } from '../log/BoundedProducer.ts'
import { PipelinedProducer } from '../log/PipelinedProducer.ts'
import type { Producer } from '../log/Producer.ts'
import { type ProducerOptions, producerSettings } from '../log/producerSettings.ts'
import { takeId } from '../log/ids.ts'
import type { RecordMetadata } from '../log/recordMetadata.ts'
import { resend } from '../log/resend.ts'
import { optionNames } from '../log/optionNames.ts'
import { requireKnown } from '../log/requireKnown.ts'
import { requireStorage } from '../log/requireStorage.ts'
import { requireTopic } from '../log/requireTopic.ts'
import { requireInteger, type Topic } from '../log/Topic.ts'
import { alterTopic, ensureTopic, listTopics, type TopicInfo } from '../log/topicCatalog.ts'
import { InvalidJob, InvalidOption } from '../model/errors.ts'
import { validateName } from '../model/TopicName.ts'
import type { Clock } from '../ports/Clock.ts'
import type { Append } from '../ports/Commit.ts'
import type { Storage, StorageProvider } from '../ports/Storage.ts'
import { systemClock } from '../ports/systemClock.ts'
import type { Random } from '../ports/Random.ts'
import { systemRandom } from '../ports/systemRandom.ts'
import { type Retained, Retainer, type RetentionMetrics } from './Retainer.ts'
import { RunningJob } from './RunningJob.ts'
import type { RunSettings } from './RunContext.ts'
import { runOptionNames } from './runOptionNames.ts'
import { countWaiting } from './countWaiting.ts'
import { MapQuery, type MapStoreReference } from './MapQuery.ts'
import { dropStore } from './dropStore.ts'
import { renameStore, requireNoLostStores } from './renameStore.ts'
import { StoreQuery } from './StoreQuery.ts'
import type { QuerySource, StoreReference } from './StoreRows.ts'
import { refuseUnfinished, type Savepoint, type SavepointOptions, writeSavepoint } from './savepoint.ts'
import { WeirTopic } from './TopicGroup.ts'
import { WeirSnapshot } from './WeirSnapshot.ts'

/** What a Weir runs on beside its storage. */
export interface WeirOptions {
  /** All time comes from it; the machine's by default. */
  readonly clock?: Clock
  /** All chance comes from it; the platform's by default. */
  readonly random?: Random
  /**
   * How often, in ms, this looks in the background for records that topics need not keep any longer, on average; 5 s by default. Only for
   * topics that this has written to or runs a job on.
   */
  readonly retentionIntervalMs?: number
}

const weirOptionNames = optionNames<WeirOptions>({ clock: true, random: true, retentionIntervalMs: true })

/** How a snapshot is taken. */
export interface SnapshotOptions {
  /** After so long it ends by itself; 30 s by default. */
  readonly ageMsMax?: number
}

/** How a job is run. None of it changes what the job computes. */
export interface RunOptions extends Partial<Omit<RunSettings, 'toEnd'>> {
  /**
   * `'end'`: process what is in the sources at the start, close all windows, and end. A later run of the job
   * finds event time at its end: records that come after that are late.
   */
  readonly until?: 'end'
}

/**
 * An open storage, and what can be done with it: topics, producers, jobs, queries. Any number of processes may have
 * one over the same folder at once.
 */
export class Weir {
  readonly storage: Storage
  readonly clock: Clock
  /** By job and member: what runs or is about to. */
  readonly #runs = new Map<string, CompletableFuture<RunningJob>>()
  readonly #closing = new Set<() => CompletableFuture<void> | void>()
  readonly #retainer: Retainer

  private constructor(storage: Storage, clock: Clock, retainer: Retainer) {
    this.storage = storage
    this.clock = clock
    this.#retainer = retainer
  }

  /**
   * Opens a storage, such as `lmdb('./data')`.
   *
   * @throws StorageRefused, StorageFailed, StorageStalled, InvalidOption
   */
  static open(provider: StorageProvider, options: WeirOptions = {}): CompletableFuture<Weir> {
    return CompletableFuture.supply(() => {
      requireKnown('Weir.open', options, weirOptionNames)
      const { clock = systemClock, random = systemRandom, retentionIntervalMs = 5_000 } = options
      requireInteger('Weir.open: retentionIntervalMs', retentionIntervalMs, 1, 86_400_000)
      requireStorage('Weir.open: the storage', provider)
      return provider
        .open()
        .thenCompose((storage) => refuseUnfinished(storage))
        .thenApply((storage) => new Weir(storage, clock, new Retainer(storage, clock, random, retentionIntervalMs)))
    })
  }

  /** Calls back when this is about to be closed; see `OpenLog`. */
  readonly onClose = (listener: () => CompletableFuture<void> | void): (() => void) => {
    this.#closing.add(listener)
    return () => this.#closing.delete(listener)
  }

  /**
   * The topic as an Observable and AsyncIterable of its records, from now on; see `from`, `partition`, `toEnd`. And the groups
   * that share it: `weir.topic(orders).group('shop').process(handler)`.
   *
   * @throws InvalidOption for what is no topic
   */
  topic<K, V>(topic: Topic<K, V>): WeirTopic<K, V> {
    requireTopic('Weir.topic: the topic', topic)
    return new WeirTopic(this, topic)
  }

  /** All topics there are. */
  topics(): ReadonlyArray<TopicInfo> {
    return listTopics(this.storage)
  }

  /**
   * Changes the retention, the capacity and `deleteRetentionMs` of a topic to what the definition says, and creates one that is
   * not there. Whoever retains the topic and producers of a topic that had a capacity before follow from then on.
   *
   * A definition that says something of these is refused with TopicMismatch elsewhere when it differs from what is stored; one
   * that says nothing goes with whatever is stored.
   *
   * @throws TopicMismatch when it differs in anything else; InvalidOption for what is no topic
   */
  alter<K, V>(topic: Topic<K, V>): CompletableFuture<TopicInfo> {
    return CompletableFuture.supply(() => {
      requireTopic('Weir.alter: the topic', topic)
      return alterTopic(this.storage, topic)
    }).thenApply((info) => {
      this.#retainer.watch(topic.name)
      return info
    })
  }

  /**
   * Removes at once what the topic's retention does not keep, and compacts it when its cleanup is `compact`. The same happens
   * by itself, from time to time, in every Weir that has written to the topic or runs a job on it.
   *
   * @returns what was removed, once that is durable
   * @throws UnknownTopic; InvalidName
   */
  retain(topic: { readonly name: string }): CompletableFuture<Retained> {
    return CompletableFuture.supply(() => {
      requireName('Weir.retain: topic', topic)
      return this.#retainer.retain(topic.name)
    })
  }

  /** What retention did in the background of this Weir so far. */
  get retained(): RetentionMetrics {
    return this.#retainer.metrics
  }

  /**
   * A producer for the topic, which is created when it is not there yet. Costs one or two commits.
   *
   * @throws TopicMismatch; InvalidOption before anything is written
   */
  producer<K, V>(topic: Topic<K, V>, options: ProducerOptions = {}): CompletableFuture<Producer<K, V>> {
    return CompletableFuture.supply(() => {
      requireTopic('Weir.producer: the topic', topic)
      const settings = producerSettings(options)
      return ensureTopic(this.storage, topic).thenCompose((info) =>
        takeId(this.storage, 'producer').thenApply((id) => {
          this.#retainer.watch(topic.name)
          const Kind = info.capacity === undefined ? PipelinedProducer : BoundedProducer
          return new Kind(this, topic, info, { id, epoch: 0 }, settings)
        }),
      )
    })
  }

  /**
   * Sends batches of producers again whose outcome was unknown when the storage failed: `Producer.unresolved`. Those that
   * were there already are not appended again. Do it before anything else is appended where the order matters.
   *
   * @param appends - in the order in which `unresolved` has them; plain data, which may come from another process
   * @returns completes when each of their records is on disk, once; after a failure it may be called again with the same
   * @throws InvalidOption, StorageFull (retry), SequenceGap when records before the first one are missing
   */
  resend(appends: ReadonlyArray<Append>): CompletableFuture<void> {
    return resend(this.storage, appends)
  }

  /**
   * Appends records of any topics and partitions in one commit: all of them are there, or none.
   *
   * @returns where they are, in the order of the entries
   * @throws as `Producer.append`; when the outcome is unknown, entries with ids can be appended again without a repeat
   */
  append(...entries: ReadonlyArray<Entry>): CompletableFuture<ReadonlyArray<RecordMetadata>> {
    return appendEntries(this.storage, this.clock, entries)
  }

  /**
   * Runs a job: exactly once, from its last commit on. Whoever else runs it, in this process or another, shares the work:
   * all are members of the group that bears the job's name.
   *
   * @returns the run, once it has joined and its tasks have started
   * @throws InvalidJob, InvalidOption, TopicMismatch, StoreMismatch before anything is written; OperatorFailed when an operator
   *   does not even begin
   */
  run(job: Job, options: RunOptions = {}): CompletableFuture<RunningJob> {
    return CompletableFuture.supply(() => {
      const plan = planJob(job, 'Weir.run: the job')
      requireNoLostStores(this.storage.rows, plan)
      const settings = runSettings(job.name, options, this.storage.session)
      const name = `${job.name}/${settings.member}`
      if (this.#runs.has(name)) {
        throw new InvalidJob(
          `job '${job.name}' is running already; expected another name, stop() of the first run, or a member of another name`,
        )
      }
      const run = RunningJob.start(this.storage, this.clock, plan, settings)
      this.#runs.set(name, run)
      observe(
        run.thenCompose((running) => running.ended),
        () => this.#runs.delete(name),
      )
      return run.shield().thenApply((running) => {
        for (const topic of topicsOf(plan)) this.#retainer.watch(topic.name)
        return running
      })
    })
  }

  /**
   * A group as seen from outside: members, lag, seek. The name of a job is the name of its group.
   *
   * @throws InvalidName
   */
  group(name: string): Group {
    validateName('group', name)
    return new Group(this.storage, this.clock, name, () => countWaiting(this, name))
  }

  /**
   * Asks a job's store, from any process, also while the job runs: `weir.store(wordCount, { name: 'counted', value: int })`.
   * With codecs the query is typed by them; with a name alone it is typed by the caller, unchecked.
   *
   * @param store - its name; or a definition, or a name with the codecs of its values and, unless it is left out, its keys
   * @throws InvalidJob when the job has no store of this name, with those that it has, or a map store; StoreMismatch when it
   *   has other codecs
   */
  store<K, V>(job: Job, store: string | StoreReference<K, V>): StoreQuery<K, V> {
    return StoreQuery.of(this.#newest(), planJob(job, 'Weir.store: the job'), store)
  }

  /**
   * As `store`, for a map store.
   *
   * @throws InvalidJob when the job has no map store of this name; StoreMismatch when it has other codecs
   */
  mapStore<K, S, V>(job: Job, store: string | MapStoreReference<K, S, V>): MapQuery<K, S, V> {
    return MapQuery.of(this.#newest(), planJob(job, 'Weir.mapStore: the job'), store)
  }

  /**
   * Gives the state of an operator whose name has changed to the operator of its new name: its stores and the topics before it,
   * as far as the job is without those of the old name and has those of the new one. One commit; the job must not run.
   *
   * @param job - as it is now, with the new name
   * @throws InvalidJob when the job runs, when nothing is stored under the old name, or something is under the new one;
   *   StoreMismatch when the new store has other codecs. Nothing is changed then
   */
  renameStore(job: Job, names: { readonly from: string; readonly to: string }): CompletableFuture<void> {
    return CompletableFuture.supply(() => renameStore(this.storage, planJob(job, 'Weir.renameStore: the job'), names))
  }

  /**
   * Forgets a store of a job and all that is in it; one that the job still has is empty at its next start. One commit, and the
   * room is given back after it; the job must not run.
   *
   * @returns completes when it is gone, and its rows are
   * @throws InvalidJob when the job runs, or has no such store here; InvalidName
   */
  dropStore(job: { readonly name: string }, store: string): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      requireName('Weir.dropStore: job', job)
      return dropStore(this.storage, job.name, store)
    })
  }

  /**
   * Copies all that jobs need to go on elsewhere, as of one moment, into an empty storage: their state, positions, event time
   * and timers, and the records of their topics. They may run meanwhile. What is opened there is a storage as any other: the
   * same jobs, or other versions of them, go on in it, and nothing that they do there is seen here.
   *
   * By default the records are those that the jobs can still read, and all of topics that are compacted; topics that they only
   * write are there and empty, at the same offsets. Ids that producers gave before are not known there.
   *
   * @param jobs - one, or several that read each other's topics
   * @returns what was copied, once all of it is there; a copy that did not come to its end is refused by `Weir.open`
   * @throws InvalidJob, InvalidOption; TopicMismatch when a job's topics are others here; StorageRefused when the target is not empty; SnapshotExpired after an hour; what either storage fails with
   */
  savepoint(
    jobs: Job | ReadonlyArray<Job>,
    target: StorageProvider,
    options: SavepointOptions = {},
  ): CompletableFuture<Savepoint> {
    return CompletableFuture.supply(() => {
      const plans = [jobs].flat().map((each: Job) => planJob(each, 'Weir.savepoint: the job'))
      return writeSavepoint(this.storage, plans, target, options)
    })
  }

  /**
   * One moment of all stores, topics and positions, to be asked several things that fit together.
   *
   * @param options - `ageMsMax`, after which it ends by itself: from 1 ms to an hour, 30 s by default
   * @throws InvalidOption
   */
  snapshot(options: SnapshotOptions = {}): WeirSnapshot {
    requireKnown('snapshot', options, ['ageMsMax'])
    const { ageMsMax = 30_000 } = options
    requireInteger('snapshot: ageMsMax', ageMsMax, 1, 3_600_000)
    return new WeirSnapshot(this, this.storage.snapshot(ageMsMax))
  }

  #newest(): QuerySource {
    const { storage } = this
    return {
      rows: storage.rows,
      cut: () => storage.snapshot(),
      watch: (onChange, onEnd) => {
        const stops = [storage.onChange(onChange), this.onClose(onEnd)]
        return () => stops.forEach((stop) => stop())
      },
    }
  }

  /** Ends the streams, sends what producers hold, stops the jobs, waits for commits under way and closes the storage. */
  close(): CompletableFuture<void> {
    this.#retainer.close()
    const ends = [...this.#closing].map((listener) =>
      (listener() ?? CompletableFuture.completed(undefined)).exceptionally(() => undefined),
    )
    const stops = [...this.#runs.values()].map((run) =>
      run.thenCompose((running) => running.end()).exceptionally(() => undefined),
    )
    return CompletableFuture.allOf([...ends, ...stops]).thenCompose(() => this.storage.close())
  }
}

/** @throws InvalidName for what has none */
const requireName = (what: string, named: { readonly name: string } | undefined): void =>
  validateName(what, named?.name as string)

const runSettings = (job: string, options: RunOptions, session: string): RunSettings => {
  requireKnown(`run of job '${job}'`, options, runOptionNames)
  const settings = {
    batchRecordsMax: options.batchRecordsMax ?? 4_096,
    batchBytesMax: options.batchBytesMax ?? 1 << 20,
    commitIntervalMs: options.commitIntervalMs ?? 100,
    inFlightCommitsMax: options.inFlightCommitsMax ?? 2,
    cacheEntriesMax: options.cacheEntriesMax ?? 300_000,
    toEnd: options.until === 'end',
    member: options.member ?? session,
    leaseMs: options.leaseMs ?? 3_000,
    assignment: options.assignment ?? 'sticky',
    drainWithinMs: options.drainWithinMs ?? 100,
  }
  const what = (option: string): string => `run of job '${job}': ${option}`
  requireInteger(what('batchRecordsMax'), settings.batchRecordsMax, 1, 1_000_000)
  requireInteger(what('batchBytesMax'), settings.batchBytesMax, 1, 64 << 20)
  requireInteger(what('commitIntervalMs'), settings.commitIntervalMs, 0, 60_000)
  requireInteger(what('inFlightCommitsMax'), settings.inFlightCommitsMax, 1, 64)
  requireInteger(what('cacheEntriesMax'), settings.cacheEntriesMax, 0, 2 ** 31)
  requireInteger(what('leaseMs'), settings.leaseMs, 100, 3_600_000)
  requireInteger(what('drainWithinMs'), settings.drainWithinMs, 0, 60_000)
  if (options.member !== undefined) validateName('member', options.member)
  if (!assignments.includes(settings.assignment)) {
    throw new InvalidOption(
      `${what('assignment')} is ${settings.assignment}; expected one of ${assignments.join(', ')}`,
    )
  }
  if (options.until !== undefined && options.until !== 'end') {
    throw new InvalidOption(`${what('until')} is ${String(options.until)}; expected 'end' or nothing`)
  }
  return settings
}
