import { CompletableFuture } from '../future/CompletableFuture.ts'
import { findTopic, requireTopicInfo, type TopicInfo } from '../log/topicCatalog.ts'
import { type StartPosition, validateStart } from '../log/StartPosition.ts'
import { InvalidOption, OffsetOutOfRange, UnknownGroup } from '../model/errors.ts'
import { invariant } from '../model/invariant.ts'
import type { Clock } from '../ports/Clock.ts'
import { epochOf, epochRow, epochValue } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'
import { type GroupPartition, type GroupState, ownedBy } from './GroupState.ts'
import { changeGroup, ownerOf, readGroup } from './groupRow.ts'

/** Who shares a group's work now. */
export interface GroupMember {
  /** Its static name. */
  readonly name: string
  readonly partitions: ReadonlyArray<GroupPartition>
}

/** How far a group is behind in one partition. */
export interface PartitionLag extends GroupPartition {
  /** The next offset to be processed. */
  readonly position: number
  /** The next offset to be written. */
  readonly end: number
  /** How many records are not yet processed: exact, and 0 when there are none. */
  readonly lag: number
  /** How long ago the first of them was appended, by its timestamp, in ms; 0 when there are none. */
  readonly ageMs: number
  /**
   * How long it takes until there are none, in ms, if reading and writing go on as between this call and the one before it
   * on this object: `Infinity` when the lag does not shrink, `undefined` at the first call.
   */
  readonly drainMs: number | undefined
}

interface Sample {
  readonly atMs: number
  readonly lag: number
}

/** A topic's definition, as far as its name goes. */
interface Named {
  readonly name: string
}

/**
 * A group as seen from outside, from any process: its members, how far it is behind, and where it goes on. Get one by
 * `weir.group(name)`; the name of a job is the name of its group.
 */
export class Group {
  readonly name: string
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #countWaiting: () => CompletableFuture<number>
  readonly #samples = new Map<number, Sample>()

  constructor(storage: Storage, clock: Clock, name: string, countWaiting: () => CompletableFuture<number>) {
    this.name = name
    this.#countWaiting = countWaiting
    this.#storage = storage
    this.#clock = clock
  }

  /** Who shares the work now, in the order in which they came; a member that was killed may be listed until its lease is over. */
  members(): ReadonlyArray<GroupMember> {
    const { members, owners } = this.#state()
    return members.map(({ id, name }) => ({ name, partitions: ownedBy(owners, id) }))
  }

  /** The number of the present round of membership: it grows when members come and go. */
  get generation(): number {
    return this.#state().generation
  }

  /**
   * How far the group is behind, by partition of its topics; see `waiting` for what a handler has read and not settled. Costs a
   * read of one batch for each partition with a lag.
   *
   * @throws UnknownGroup
   */
  lag(): CompletableFuture<ReadonlyArray<PartitionLag>> {
    return CompletableFuture.supply(() => {
      const { owners, beside } = this.#state()
      const partitions = [...Object.keys(owners), ...Object.keys(beside)].sort().flatMap((topic) => {
        const { partitions: count } = this.#requireTopic(topic)
        return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
      })
      return CompletableFuture.allOf(partitions.map((each) => this.#lagOf(each)))
    })
  }

  /**
   * How many records the group has read and is yet to handle, such that the position is past them and `lag` says nothing of
   * them: they wait for another attempt, for a permit, or behind a record of their key, or are under way for longer than
   * `settleWithinMs`. One that comes behind another that the position waits for is in both numbers.
   *
   * One that was given up is a dead letter, and not counted, also when its key is held: what is held behind it is. Once it is sent
   * back it is in the lag, and waits again when it was read.
   *
   * They are counted when this is called: it reads them all, a thousand in a turn of the event loop.
   *
   * @throws UnknownGroup
   */
  waiting(): CompletableFuture<number> {
    return CompletableFuture.supply(() => {
      this.#state()
      return this.#countWaiting()
    })
  }

  /**
   * Lets the group go on from another place of a topic, in one commit. Members at work hear of it at once: what they have
   * computed and not committed is void. Only positions move: state of a job, and records that a handler has yet to retry,
   * stay as they are.
   *
   * @param of - the topic, or its name
   * @param to - as for reading a topic; an offset needs a partition, unless the topic has only one
   * @param partition - only this one; all by default
   * @throws UnknownGroup, UnknownTopic, InvalidOption, OffsetOutOfRange. Nothing has moved then
   */
  seek(of: string | Named, to: StartPosition, partition?: number): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      const topic = typeof of === 'string' ? of : of.name
      validateStart(topic, to)
      const { owners, beside } = this.#state()
      const info = this.#requireTopic(topic)
      // a position would hold back what is removed from a topic by what its groups have consumed
      if (owners[topic] === undefined && beside[topic] === undefined) {
        throw new InvalidOption(
          `group '${this.name}' does not read topic '${topic}'; expected one of ${[...Object.keys(owners), ...Object.keys(beside)].join(', ')}`,
        )
      }
      if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0 && partition < info.partitions)) {
        throw new InvalidOption(
          `group '${this.name}': topic '${topic}' has no partition ${partition}; expected 0 to ${info.partitions - 1}`,
        )
      }
      const partitions =
        partition === undefined ? Array.from({ length: info.partitions }, (_, index) => index) : [partition]
      if (typeof to === 'object' && 'offset' in to && partitions.length > 1) {
        throw new InvalidOption(
          `group '${this.name}': offset ${to.offset} of ${partitions.length} partitions of topic '${topic}'; expected a partition with it`,
        )
      }
      return CompletableFuture.allOf(
        partitions.map((each) => this.#offsetOf(info, each, to).thenApply((offset) => ({ partition: each, offset }))),
      ).thenCompose((targets) => this.#move(info, targets))
    })
  }

  #state(): GroupState {
    const { state, row } = readGroup(this.#storage.rows, this.name)
    if (row === null) throw new UnknownGroup(`group '${this.name}' is not in this storage; nobody has joined it yet`)
    return state
  }

  #requireTopic(topic: string): TopicInfo {
    return requireTopicInfo(this.#storage, topic, `group '${this.name}': `)
  }

  #offsetOf(info: TopicInfo, partition: number, to: StartPosition): CompletableFuture<number> {
    const place = info.firstPartition + partition
    const { start, end } = this.#storage.bounds(place)
    if (to === 'earliest') return CompletableFuture.completed(start)
    if (to === 'latest') return CompletableFuture.completed(end)
    if ('time' in to) return this.#storage.offsetAt(place, to.time)
    if (!Number.isSafeInteger(to.offset) || to.offset < start || to.offset > end) {
      throw new OffsetOutOfRange(
        `group '${this.name}': offset ${to.offset} of partition ${partition} of topic '${info.name}'; expected ${start} to ${end}`,
      )
    }
    return CompletableFuture.completed(to.offset)
  }

  /** The epochs move on with the positions, so that commits that are on their way are refused. */
  #move(
    info: TopicInfo,
    targets: ReadonlyArray<{ readonly partition: number; readonly offset: number }>,
  ): CompletableFuture<void> {
    return changeGroup(this.#storage, this.name, (state) => {
      const epochs = targets.map(({ partition }) => {
        const key = epochRow(ownerOf(this.name, { topic: state.beside[info.name] ?? info.name, partition }))
        return { key, value: this.#storage.rows.get(key) ?? null }
      })
      return {
        next: { ...state, version: state.version + 1 },
        expect: epochs,
        rows: epochs.map(({ key, value }) => ({ key, value: epochValue(epochOf(value ?? undefined) + 1) })),
        positions: targets.map(({ partition, offset }) => {
          const place = info.firstPartition + partition
          return { group: this.name, partition: place, from: this.#storage.position(this.name, place), next: offset }
        }),
      }
    }).thenApply(() => undefined)
  }

  #lagOf({ topic, partition }: GroupPartition): CompletableFuture<PartitionLag> {
    const info = findTopic(this.#storage, topic)
    invariant(info !== undefined, `topic '${topic}' was created before group '${this.name}' read it`)
    const place = info.firstPartition + partition
    const { start, end } = this.#storage.bounds(place)
    const position = Math.max(this.#storage.position(this.name, place), start)
    const lag = end - position
    const drainMs = this.#drainMsOf(place, lag)
    const measured = { topic, partition, position, end, lag, ageMs: 0, drainMs }
    if (lag <= 0) return CompletableFuture.completed(measured)
    return this.#storage.read(place, position, { recordsMax: 1, bytesMax: 1 }).thenApply(({ batches }) => {
      const batch = batches[0]
      // compaction may have removed the record at the position
      const next = batch === undefined ? 0 : batch.nextKept(position - batch.baseOffset)
      if (batch === undefined || next >= batch.count) return measured
      return { ...measured, ageMs: Math.max(0, this.#clock.now() - batch.timestamp(next)) }
    })
  }

  #drainMsOf(place: number, lag: number): number | undefined {
    const atMs = this.#clock.monotonic()
    const before = this.#samples.get(place)
    this.#samples.set(place, { atMs, lag })
    if (lag === 0) return 0
    if (before === undefined || atMs <= before.atMs) return undefined
    const shrunkPerMs = (before.lag - lag) / (atMs - before.atMs)
    return shrunkPerMs > 0 ? lag / shrunkPerMs : Infinity
  }
}
