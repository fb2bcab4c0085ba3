import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { StorageClosed, TopicFull } from '../model/errors.ts'
import { type Append, type Appended, commitOf } from '../ports/Commit.ts'
import { removedBatchesMax } from '../ports/RemovalStage.ts'
import { failureOf, isFinal, isUnknown } from './appendFailure.ts'
import type { OpenLog } from './OpenLog.ts'
import type { Producer } from './Producer.ts'
import { notAppended, ProducerBuffer } from './ProducerBuffer.ts'
import type { ProducerSettings } from './producerSettings.ts'
import {
  type AppendOptions,
  headersOf,
  placesOf,
  type ProducerRecord,
  type RecordMetadata,
  requireAppendOptions,
} from './recordMetadata.ts'
import type { Capacity } from './Retention.ts'
import { roomOf } from './roomOf.ts'
import type { Topic } from './Topic.ts'
import { findTopic, type TopicInfo } from './topicCatalog.ts'
import { type OpenBatch, type ProducerIdentity, TopicWriter } from './TopicWriter.ts'
import { type Answers, type Piece, type Waiting, WaitingRecords } from './WaitingRecords.ts'

/**
 * A producer for a topic with a capacity. It sends what there is room for, and does with the rest what the topic says.
 *
 * The room is looked at before each commit and checked in it: when others were faster, the commit is refused and made anew.
 * One commit is on its way at a time; what is appended meanwhile goes into the next one.
 */
export class BoundedProducer<K, V> implements Producer<K, V> {
  readonly topic: Topic<K, V>
  readonly #log: OpenLog
  readonly #info: TopicInfo
  readonly #settings: ProducerSettings
  readonly #writer: TopicWriter<K, V>
  readonly #buffer: ProducerBuffer
  readonly #open = new Map<OpenBatch, Answers>()
  /** By partition. */
  readonly #queues: ReadonlyArray<WaitingRecords>
  readonly #pending = new Set<CompletableFuture<RecordMetadata>>()
  #pendingBytes = 0
  #lost: Append[] = []
  #dropped = 0
  #isBusy = false
  #isEnding = false
  /**
   * A record with an id may be there already, which only the storage can tell: so where there is no room it is tried by itself.
   * The partition of the one on its way, and of the one that was refused; -1 for none.
   */
  #triedIn = -1
  #refusedIn = -1
  /** Set while anything is pending. */
  #stopListening: (() => void) | undefined

  constructor(
    log: OpenLog,
    topic: Topic<K, V>,
    info: TopicInfo,
    identity: ProducerIdentity,
    settings: ProducerSettings,
  ) {
    this.topic = topic
    this.#log = log
    this.#info = info
    this.#settings = settings
    this.#writer = new TopicWriter(topic, info, { producer: identity, batchBytesMax: settings.batchBytesMax })
    this.#buffer = new ProducerBuffer({
      topic: topic.name,
      clock: log.clock,
      settings,
      bytes: () => this.#bytes(),
      send: () => this.#step(),
    })
    this.#queues = Array.from(
      { length: topic.partitions },
      (_, partition) => new WaitingRecords(partition, info.firstPartition + partition),
    )
  }

  append(key: K, value: V, options: AppendOptions = {}): CompletableFuture<RecordMetadata> {
    const answer = new CompletableFuture<RecordMetadata>()
    try {
      this.#buffer.requireRoom()
      requireAppendOptions(this.topic.name, options)
      const { timestamp = this.#log.clock.now(), id = null, partition } = options
      const open = this.#writer.add(key, value, timestamp, id, headersOf(options), -Infinity, partition)
      const answers = this.#open.get(open) ?? new Map<number, CompletableFuture<RecordMetadata>>()
      answers.set(open.builder.count - 1, answer)
      this.#open.set(open, answers)
    } catch (error) {
      answer.completeExceptionally(error)
      return answer
    }
    this.#pending.add(answer)
    this.#stopListening ??= this.#listen()
    this.#buffer.sendSoon()
    return answer
  }

  appendAll(records: Iterable<ProducerRecord<K, V>>): CompletableFuture<void> {
    const mine = new Set<CompletableFuture<RecordMetadata>>()
    let failure: unknown
    const requireWell = (): void => {
      if (failure !== undefined) throw failure
    }
    return this.#buffer.takeAll(records, {
      requireWell,
      isAhead: () => mine.size >= aheadMax || this.#bytes() >= this.#settings.bufferBytesMax,
      take: (record) => {
        const answer = this.append(record.key, record.value, record)
        mine.add(answer)
        observe(answer, (_, error) => {
          mine.delete(answer)
          failure ??= error
        })
        requireWell()
      },
      settled: () => this.#settled(mine),
    })
  }

  flush(): CompletableFuture<void> {
    const settled = this.#settled(this.#pending)
    this.#step()
    return settled
  }

  ready(): CompletableFuture<void> {
    return this.#buffer.ready()
  }

  get unresolved(): ReadonlyArray<Append> {
    return this.#lost
  }

  get dropped(): number {
    return this.#dropped
  }

  close(): CompletableFuture<void> {
    const flushed = this.flush()
    this.#buffer.close()
    return flushed
  }

  #settled(answers: Iterable<CompletableFuture<RecordMetadata>>): CompletableFuture<void> {
    return CompletableFuture.allOf([...answers].map((answer) => answer.shield())).thenApply(() => undefined)
  }

  #bytes(): number {
    return this.#pendingBytes + this.#writer.closedBytes
  }

  #listen(): () => void {
    const { storage, onClose } = this.#log
    const stops = [storage.onChange(() => this.#step()), onClose(() => this.#endWithLog())]
    return () => {
      for (const stop of stops) stop()
    }
  }

  /** Sends what there is room for, unless a commit is on its way: its outcome calls again. */
  #step(): void {
    if (this.#isBusy || this.#buffer.failure !== undefined) return
    this.#takeClosed()
    try {
      const pieces = this.#pieces()
      if (pieces.length > 0) this.#commit(pieces)
    } catch (error) {
      this.#failAll(error)
    }
    if (!this.#isEnding || this.#isBusy || this.#pending.size === 0) return this.#rest()
    const closed = `the Weir was closed while topic '${this.topic.name}' was full: nothing was appended`
    this.#failAll(new StorageClosed(closed))
  }

  #takeClosed(): void {
    for (const { open, partition, count, append } of this.#writer.take()) {
      const answers = this.#open.get(open) ?? new Map<number, CompletableFuture<RecordMetadata>>()
      this.#open.delete(open)
      this.#queues[partition]!.add({ batch: append.batch, count, hasIds: append.dedupScope !== undefined, answers })
      this.#pendingBytes += append.batch.length
    }
  }

  /** What goes into the next commit. Records for which there is no room are answered here, where the topic says so. */
  #pieces(): ReadonlyArray<Piece> {
    // the one on record, for it may have been altered
    const capacity = findTopic(this.#log.storage, this.topic.name)?.capacity
    const pieces: Piece[] = []
    let bytes = 0
    for (let partition = 0; partition < this.#queues.length; partition++) {
      if (bytes > this.#settings.commitBytesMax) break
      for (const piece of this.#piecesOf(partition, capacity, this.#settings.commitBytesMax - bytes)) {
        pieces.push(piece)
        bytes += piece.append.batch.length
      }
      // what is tried is tried alone, so that its refusal is no other's
      if (this.#triedIn >= 0) return pieces.slice(-1)
    }
    return pieces
  }

  #piecesOf(partition: number, capacity: Capacity | undefined, bytesMax: number): ReadonlyArray<Piece> {
    const queue = this.#queues[partition]!
    const place = this.#info.firstPartition + partition
    for (let { first } = queue; first !== undefined; { first } = queue) {
      if (capacity === undefined) return queue.fitting(Infinity, undefined, bytesMax)
      const { room, end } = roomOf(this.#log.storage, place, capacity.countMax)
      if (room > 0) return queue.fitting(room, end + room, bytesMax)
      if (capacity.whenFull === 'wait') return []
      if (first.hasIds && this.#refusedIn !== partition) {
        this.#triedIn = partition
        return [queue.piece(1, end)]
      }
      if (capacity.whenFull === 'drop-oldest') return [this.#inPlaceOfOldest(partition, first, capacity.countMax, end)]
      this.#answerFull(partition, first.hasIds ? 1 : first.count, capacity)
    }
    return []
  }

  /** As many of the oldest records go as come. */
  #inPlaceOfOldest(partition: number, first: Waiting, countMax: number, end: number): Piece {
    const count = first.hasIds ? 1 : Math.min(first.count, countMax, removedBatchesMax)
    const place = this.#info.firstPartition + partition
    const before = end + count - countMax
    const trim = before > 0 ? { partition: place, before, dedupScope: place } : undefined
    return { ...this.#queues[partition]!.piece(count, end + count), trim }
  }

  #answerFull(partition: number, count: number, { countMax, whenFull }: Capacity): void {
    for (const answer of this.#taken(partition, (queue) => queue.take(count)).values()) {
      this.#pending.delete(answer)
      if (whenFull === 'drop-newest') {
        this.#dropped++
        answer.complete({ topic: this.topic.name, partition, offset: -1, duplicate: false, dropped: true })
      } else {
        const error = new TopicFull(
          `topic '${this.topic.name}' partition ${partition} has ${countMax} records that are not consumed, its capacity; nothing was appended`,
        )
        answer.completeExceptionally(error)
      }
    }
  }

  #commit(pieces: ReadonlyArray<Piece>): void {
    this.#isBusy = true
    const append = pieces.map((piece) => ({ ...piece.append, batch: piece.append.batch.slice() }))
    const trim = pieces.flatMap((piece) => piece.trim ?? [])
    observe(this.#log.storage.commit(commitOf({ append, trim })), (committed, error) => {
      this.#isBusy = false
      if (error === undefined) {
        pieces.forEach((piece, index) => this.#acknowledge(piece, committed.appends[index]!))
      } else if (!(error instanceof TopicFull)) this.#failAll(error, pieces)
      // others were faster, or the record that was tried is new: the room is looked at anew
      else if (this.#triedIn >= 0) this.#refusedIn = this.#triedIn
      this.#triedIn = -1
      this.#step()
    })
  }

  #acknowledge({ partition, count }: Piece, appended: Appended): void {
    const placeOf = placesOf(this.topic.name, partition, appended)
    for (const [index, answer] of this.#taken(partition, (queue) => queue.acknowledge(count))) {
      this.#pending.delete(answer)
      answer.complete(placeOf(index))
    }
  }

  #taken(partition: number, take: (queue: WaitingRecords) => Answers): Answers {
    const queue = this.#queues[partition]!
    if (this.#refusedIn === partition) this.#refusedIn = -1
    const before = queue.bytes
    const answers = take(queue)
    this.#pendingBytes += queue.bytes - before
    return answers
  }

  /** No record is to overtake an earlier one, so all that waits fails with the first failure. */
  #failAll(error: unknown, pieces: ReadonlyArray<Piece> = []): void {
    this.#takeClosed()
    if (isFinal(error)) this.#buffer.lose(failureOf(error))
    if (isUnknown(error)) {
      this.#lost.push(...pieces.map(({ append }) => append))
      for (const { partition, count } of pieces) {
        for (const answer of this.#taken(partition, (queue) => queue.take(count)).values()) this.#fail(answer, error)
      }
    }
    for (const queue of this.#queues) queue.clear()
    this.#pendingBytes = 0
    const known = isUnknown(error) ? notAppended(this.topic.name, error) : error
    for (const answer of [...this.#pending]) this.#fail(answer, known)
    this.#rest()
  }

  #fail(answer: CompletableFuture<RecordMetadata>, error: unknown): void {
    this.#pending.delete(answer)
    answer.completeExceptionally(error)
  }

  /** The log is about to be closed: what there is room for goes with it, what waits for room does not. */
  #endWithLog(): CompletableFuture<void> {
    this.#buffer.close()
    this.#isEnding = true
    const settled = this.#settled(this.#pending)
    this.#step()
    return settled
  }

  #rest(): void {
    if (this.#pending.size === 0) {
      this.#stopListening?.()
      this.#stopListening = undefined
    }
    this.#buffer.landed()
  }
}

/** How many records of one `appendAll` wait at once. */
const aheadMax = 4_096
