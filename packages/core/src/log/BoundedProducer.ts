import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import { BufferFull, StorageClosed, TopicFull, WeirError } from '../model/errors.ts'
import { type Append, type Appended, commitOf } from '../ports/Commit.ts'
import { removedBatchesMax } from '../ports/RemovalStage.ts'
import { failureOf, isFinal, isUnknown } from './appendFailure.ts'
import type { OpenLog } from './OpenLog.ts'
import type { Producer } from './Producer.ts'
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
  readonly #limits: ProducerSettings
  readonly #encoder: TopicWriter<K, V>
  readonly #open = new Map<OpenBatch, Answers>()
  /** By partition. */
  readonly #queues: ReadonlyArray<WaitingRecords>
  readonly #pending = new Set<CompletableFuture<RecordMetadata>>()
  #pendingBytes = 0
  #awaitingRoom: Array<CompletableFuture<void>> = []
  /** Completes when something that waits is answered. */
  #nextLanding: CompletableFuture<void> | undefined
  #lost: Append[] = []
  #dropped = 0
  #isScheduled = false
  #isBusy = false
  #isClosed = false
  #isEnding = false
  /**
   * A record with an id may be there already, which only the storage can tell: so where there is no room it is tried by itself.
   * The partition of the one on its way, and of the one that was refused; -1 for none.
   */
  #triedIn = -1
  #refusedIn = -1
  #final: WeirError | undefined
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
    this.#limits = settings
    this.#encoder = new TopicWriter(topic, info, { producer: identity, batchBytesMax: settings.batchBytesMax })
    this.#queues = Array.from(
      { length: topic.partitions },
      (_, partition) => new WaitingRecords(partition, info.firstPartition + partition),
    )
  }

  append(key: K, value: V, options: AppendOptions = {}): CompletableFuture<RecordMetadata> {
    const answer = new CompletableFuture<RecordMetadata>()
    try {
      this.#requireUsable()
      requireAppendOptions(this.topic.name, options)
      const { timestamp = this.#log.clock.now(), id = null, partition } = options
      const open = this.#encoder.add(key, value, timestamp, id, headersOf(options), -Infinity, partition)
      const answers = this.#open.get(open) ?? new Map<number, CompletableFuture<RecordMetadata>>()
      answers.set(open.builder.count - 1, answer)
      this.#open.set(open, answers)
    } catch (error) {
      answer.completeExceptionally(error)
      return answer
    }
    this.#pending.add(answer)
    this.#stopListening ??= this.#listen()
    this.#schedule()
    return answer
  }

  appendAll(records: Iterable<ProducerRecord<K, V>>): CompletableFuture<void> {
    const iterator = records[Symbol.iterator]()
    const mine = new Set<CompletableFuture<RecordMetadata>>()
    let failure: unknown
    const addWhileRoom = (): CompletableFuture<void> => {
      while (failure === undefined && mine.size < aheadMax && this.#bytes() < this.#limits.bufferBytesMax) {
        const next = iterator.next()
        if (next.done === true) return this.#settled(mine)
        const answer = this.append(next.value.key, next.value.value, next.value)
        mine.add(answer)
        observe(answer, (_, error) => {
          mine.delete(answer)
          failure ??= error
        })
      }
      if (failure !== undefined) throw failure
      this.#nextLanding ??= new CompletableFuture<void>()
      return this.#nextLanding.shield().thenCompose(addWhileRoom)
    }
    return CompletableFuture.supply(addWhileRoom).whenComplete((_, error) => {
      if (error !== undefined) iterator.return?.()
    })
  }

  flush(): CompletableFuture<void> {
    const settled = this.#settled(this.#pending)
    this.#step()
    return settled
  }

  ready(): CompletableFuture<void> {
    if (this.#hasRoom()) return CompletableFuture.completed(undefined)
    const future = new CompletableFuture<void>()
    this.#awaitingRoom.push(future)
    return future
  }

  get unresolved(): ReadonlyArray<Append> {
    return this.#lost
  }

  get dropped(): number {
    return this.#dropped
  }

  close(): CompletableFuture<void> {
    const flushed = this.flush()
    this.#isClosed = true
    return flushed
  }

  #settled(answers: Iterable<CompletableFuture<RecordMetadata>>): CompletableFuture<void> {
    return CompletableFuture.allOf([...answers].map((answer) => answer.shield())).thenApply(() => undefined)
  }

  #requireUsable(): void {
    const { name } = this.topic
    if (this.#final !== undefined) {
      throw new StorageClosed(`the producer of topic '${name}' has lost its storage: this record was not appended`, {
        cause: this.#final,
      })
    }
    if (this.#isClosed) throw new StorageClosed(`the producer of topic '${name}' is closed`)
    if (this.#bytes() < this.#limits.bufferBytesMax) return
    throw new BufferFull(
      `the producer of topic '${name}' has ${this.#bytes()} bytes waiting; expected less than bufferBytesMax = ` +
        `${this.#limits.bufferBytesMax}: wait for ready() and append again`,
    )
  }

  #bytes(): number {
    return this.#pendingBytes + this.#encoder.closedBytes
  }

  #hasRoom(): boolean {
    return this.#final !== undefined || this.#bytes() <= this.#limits.bufferBytesMax / 2
  }

  #listen(): () => void {
    const { storage, onClose } = this.#log
    const stops = [storage.onChange(() => this.#step()), onClose(() => this.#endWithLog())]
    return () => {
      for (const stop of stops) stop()
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    const send = (): void => {
      this.#isScheduled = false
      this.#step()
    }
    if (this.#limits.lingerMs > 0) this.#log.clock.after(this.#limits.lingerMs, send)
    else this.#log.clock.turn(send)
  }

  /** Sends what there is room for, unless a commit is on its way: its outcome calls again. */
  #step(): void {
    if (this.#isBusy || this.#final !== undefined) return
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
    for (const { open, partition, count, append } of this.#encoder.take()) {
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
      if (bytes > this.#limits.commitBytesMax) break
      for (const piece of this.#piecesOf(partition, capacity, this.#limits.commitBytesMax - bytes)) {
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
    if (isFinal(error)) this.#final = failureOf(error)
    if (isUnknown(error)) {
      this.#lost.push(...pieces.map(({ append }) => append))
      for (const { partition, count } of pieces) {
        for (const answer of this.#taken(partition, (queue) => queue.take(count)).values()) this.#fail(answer, error)
      }
    }
    for (const queue of this.#queues) queue.clear()
    this.#pendingBytes = 0
    // of those that were not on their way it is known that they are not there
    const message = `the producer of topic '${this.topic.name}' has lost its storage: this record was not appended`
    const known = isUnknown(error) ? new StorageClosed(message, { cause: error }) : error
    for (const answer of [...this.#pending]) this.#fail(answer, known)
    this.#rest()
  }

  #fail(answer: CompletableFuture<RecordMetadata>, error: unknown): void {
    this.#pending.delete(answer)
    answer.completeExceptionally(error)
  }

  /** The log is about to be closed: what there is room for goes with it, what waits for room does not. */
  #endWithLog(): CompletableFuture<void> {
    this.#isClosed = true
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
    const landing = this.#nextLanding
    this.#nextLanding = undefined
    landing?.complete(undefined)
    if (this.#hasRoom()) for (const waiting of this.#awaitingRoom.splice(0)) waiting.complete(undefined)
  }
}

/** How many records of one `appendAll` wait at once. */
const aheadMax = 4_096
