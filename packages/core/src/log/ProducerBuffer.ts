import { CompletableFuture } from '../future/CompletableFuture.ts'
import { BufferFull, StorageClosed, type WeirError } from '../model/errors.ts'
import type { Clock } from '../ports/Clock.ts'
import { isUnknown } from './appendFailure.ts'
import type { ProducerSettings } from './producerSettings.ts'

/** Whose buffer it is. */
export interface BufferOwner {
  readonly topic: string
  readonly clock: Clock
  readonly settings: ProducerSettings
  /** How much is held now. */
  readonly bytes: () => number
  /** Sends what is held, as far as that can be now. */
  readonly send: () => void
}

/** What a producer of any kind does about the records that it holds: bounds them, sends them soon, and tells those who wait for room. */
export class ProducerBuffer {
  readonly #owner: BufferOwner
  readonly #bytesMax: number
  #isScheduled = false
  #isClosed = false
  #nextLanding: CompletableFuture<void> | undefined
  #awaitingRoom: Array<CompletableFuture<void>> = []
  #failure: WeirError | undefined

  constructor(owner: BufferOwner) {
    this.#owner = owner
    this.#bytesMax = owner.settings.bufferBytesMax
  }

  /** What the storage was lost with. */
  get failure(): WeirError | undefined {
    return this.#failure
  }

  /** The storage is lost for good: nothing more is taken. The first such failure counts. */
  lose(failure: WeirError): void {
    this.#failure ??= failure
  }

  /** Nothing more is taken. */
  close(): void {
    this.#isClosed = true
  }

  /** @throws StorageClosed, BufferFull, or what the storage was lost with */
  requireRoom(): void {
    if (this.#failure !== undefined || this.#isClosed || this.#owner.bytes() >= this.#bytesMax) throw this.#refusal()
  }

  /** Sends at the end of this turn of the event loop, or when it has lingered. Calls are merged. */
  sendSoon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    const { clock, settings, send } = this.#owner
    const sendNow = (): void => {
      this.#isScheduled = false
      send()
    }
    if (settings.lingerMs > 0) clock.after(settings.lingerMs, sendNow)
    else clock.turn(sendNow)
  }

  /** Completes when less than half of the bound is held. */
  ready(): CompletableFuture<void> {
    if (this.#hasRoom()) return CompletableFuture.completed(undefined)
    const future = new CompletableFuture<void>()
    this.#awaitingRoom.push(future)
    return future
  }

  /** A commit has its outcome, and less may be held. */
  landed(): void {
    const landing = this.#nextLanding
    this.#nextLanding = undefined
    landing?.complete(undefined)
    if (this.#hasRoom()) for (const waiting of this.#awaitingRoom.splice(0)) waiting.complete(undefined)
  }

  /**
   * Takes records one by one, waits for the next landing while there is enough ahead, and goes on.
   *
   * @returns completes with what `settled` gives once all are taken; fails, and ends the iterable, with what any of these throw
   */
  takeAll<A>(
    records: Iterable<A>,
    taking: {
      /** @throws what has become of records taken before, when a commit has landed */
      readonly requireWell: () => void
      readonly isAhead: () => boolean
      /** @throws when it cannot be taken, and nothing more is to be */
      readonly take: (record: A) => void
      readonly settled: () => CompletableFuture<void>
    },
  ): CompletableFuture<void> {
    const { requireWell, isAhead, take, settled } = taking
    const iterator = records[Symbol.iterator]()
    const takeWhileRoom = (): CompletableFuture<void> => {
      requireWell()
      while (!isAhead()) {
        const next = iterator.next()
        if (next.done === true) return settled()
        take(next.value)
      }
      this.#nextLanding ??= new CompletableFuture<void>()
      return this.#nextLanding.shield().thenCompose(takeWhileRoom)
    }
    return CompletableFuture.supply(takeWhileRoom).whenComplete((_, error) => {
      if (error !== undefined) iterator.return?.()
    })
  }

  #hasRoom(): boolean {
    return this.#failure !== undefined || this.#owner.bytes() <= this.#bytesMax / 2
  }

  #refusal(): WeirError {
    const { topic, bytes } = this.#owner
    const failure = this.#failure
    // not the failure itself where that leaves the outcome open
    if (failure !== undefined) return isUnknown(failure) ? notAppended(topic, failure) : failure
    if (this.#isClosed) return new StorageClosed(`the producer of topic '${topic}' is closed`)
    return new BufferFull(
      `the producer of topic '${topic}' has ${bytes()} bytes waiting to be appended; expected less than bufferBytesMax = ` +
        `${this.#bytesMax}: wait for ready() and append again`,
    )
  }
}

/** Of a record that was not on its way it is known that it is not there. */
export const notAppended = (topic: string, cause: unknown): StorageClosed =>
  new StorageClosed(`the producer of topic '${topic}' has lost its storage: this record was not appended`, { cause })
