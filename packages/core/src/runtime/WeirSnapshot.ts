import type { Job } from '../job/Job.ts'
import { planJob } from '../job/plan.ts'
import type { OpenLog } from '../log/OpenLog.ts'
import { requireTopic } from '../log/requireTopic.ts'
import type { Topic } from '../log/Topic.ts'
import { findSameTopic, type TopicInfo } from '../log/topicCatalog.ts'
import { TopicStream } from '../log/TopicStream.ts'
import { UnknownTopic } from '../model/errors.ts'
import type { PartitionBounds, Snapshot } from '../ports/Storage.ts'
import { MapQuery, type MapStoreReference } from './MapQuery.ts'
import { StoreQuery } from './StoreQuery.ts'
import type { QuerySource, StoreReference } from './StoreRows.ts'

/** How far a job had come in one partition of what it reads. */
export interface JobPosition {
  readonly topic: string
  readonly partition: number
  /** The next offset to be processed. */
  readonly position: number
  /** The next offset to be written. */
  readonly end: number
}

/**
 * One moment of stores, topics and positions: what any commit did is in all of it or in none. A sum over a store is the sum of
 * exactly the records before the job's positions.
 *
 * To be closed. It ends by itself when it has become too old, and everything fails with SnapshotExpired then: what is removed
 * or overwritten while it is open keeps its place on disk, so that a file grows that would not have to.
 */
export class WeirSnapshot {
  readonly #log: OpenLog
  readonly #snapshot: Snapshot
  readonly #source: QuerySource

  /** Made by `Weir.snapshot`. */
  constructor(log: OpenLog, snapshot: Snapshot) {
    this.#log = log
    this.#snapshot = snapshot
    this.#source = {
      rows: snapshot,
      cut: () => ({
        get: (key) => snapshot.get(key),
        range: (from, until, options) => snapshot.range(from, until, options),
        close: () => undefined,
      }),
      watch: (_, onEnd) => {
        // who watches is told of what there is first
        queueMicrotask(onEnd)
        return () => undefined
      },
    }
  }

  /** As `Weir.store`, as of this moment. */
  store<K, V>(job: Job, store: string | StoreReference<K, V>): StoreQuery<K, V> {
    return StoreQuery.of(this.#source, planJob(job, 'snapshot.store: the job'), store)
  }

  /** As `Weir.mapStore`, as of this moment. */
  mapStore<K, S, V>(job: Job, store: string | MapStoreReference<K, S, V>): MapQuery<K, S, V> {
    return MapQuery.of(this.#source, planJob(job, 'snapshot.mapStore: the job'), store)
  }

  /**
   * The topic's records as of this moment: a stream that completes, from the first one unless `from` says otherwise.
   *
   * @throws InvalidOption for what is no topic
   */
  topic<K, V>(topic: Topic<K, V>): TopicStream<K, V> {
    requireTopic('snapshot.topic: the topic', topic)
    const snapshot = this.#snapshot
    const { clock, onClose } = this.#log
    const storage = {
      rows: snapshot,
      bounds: (partition: number) => snapshot.bounds(partition),
      read: snapshot.read.bind(snapshot),
      offsetAt: snapshot.offsetAt.bind(snapshot),
      onChange: () => () => undefined,
    }
    return new TopicStream({ storage, clock, onClose }, topic, { start: 'earliest', toEnd: true })
  }

  /**
   * Which offsets the topic had, by partition.
   *
   * @throws UnknownTopic, TopicMismatch; InvalidOption for what is no topic
   */
  bounds<K, V>(topic: Topic<K, V>): ReadonlyArray<PartitionBounds> {
    requireTopic('snapshot.bounds: the topic', topic)
    return this.#partitionsOf(topic).map((place) => this.#snapshot.bounds(place))
  }

  /**
   * How far the job had come, by topic and partition of what it reads.
   *
   * @throws UnknownTopic when the job never ran here, TopicMismatch; InvalidJob for what is no job
   */
  positions(job: Job): ReadonlyArray<JobPosition> {
    const inputs = planJob(job, 'snapshot.positions: the job').stages.flatMap((stage) =>
      stage.inputs.map(({ topic }) => topic),
    )
    return inputs.flatMap((topic) =>
      this.#partitionsOf(topic).map((place, partition) => ({
        topic: topic.name,
        partition,
        position: this.#snapshot.position(job.name, place),
        end: this.#snapshot.bounds(place).end,
      })),
    )
  }

  /** Gives the snapshot back. Later calls fail with StorageClosed. Idempotent. */
  close(): void {
    this.#snapshot.close()
  }

  #partitionsOf<K, V>(topic: Topic<K, V>): ReadonlyArray<number> {
    const info: TopicInfo | undefined = findSameTopic({ rows: this.#snapshot }, topic)
    if (info === undefined) throw new UnknownTopic(`topic '${topic.name}' was not in this storage at that moment`)
    return Array.from({ length: info.partitions }, (_, partition) => info.firstPartition + partition)
  }
}
