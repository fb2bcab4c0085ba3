import {
  type Capabilities,
  type Clock,
  type Commit,
  commitOf,
  type Committed,
  CompletableFuture,
  type Fence,
  type PartitionBounds,
  type ReadBounds,
  type ReadResult,
  type RowReader,
  type Snapshot,
  type Storage,
  StorageClosed,
  type StorageFailed,
  type WeirError,
} from '@weir/core'
import { epochRow, epochValue } from '@weir/core/storage'
import type { Fault } from '../Fault.ts'
import type { FaultyStorage } from '../withFaults.ts'
import { delay, type FaultInjector } from './FaultInjector.ts'

/** An open storage whose calls go wrong by plan. */
export class FaultyHandle implements FaultyStorage {
  readonly #storage: Storage
  readonly #injector: FaultInjector
  readonly #clock: Clock
  readonly rows: RowReader
  /** Completes when the slow commits so far have waited long enough. */
  #released: CompletableFuture<void> = CompletableFuture.completed(undefined)
  /** Set when a commit was called that will end the others behind it; it fails them when it ends. */
  #ending: CompletableFuture<never> | undefined
  #crashed = false
  /** What every call fails with once the handle has crashed or was closed. */
  #ended: WeirError | undefined

  constructor(storage: Storage, injector: FaultInjector, clock: Clock) {
    this.#storage = storage
    this.#injector = injector
    this.#clock = clock
    this.rows = {
      get: (key) => this.#open().rows.get(key),
      range: (from, until, options) => this.#open().rows.range(from, until, options),
    }
  }

  get capabilities(): Capabilities {
    return this.#storage.capabilities
  }

  get session(): string {
    return this.#storage.session
  }

  hasEnded(session: string): boolean {
    return this.#open().hasEnded(session)
  }

  get crashed(): boolean {
    return this.#crashed
  }

  commit(commit: Commit): CompletableFuture<Committed> {
    if (this.#ended !== undefined) return CompletableFuture.failed(this.#ended)
    if (this.#ending !== undefined) return this.#ending.shield()
    const fault = this.#injector.faultOf({ operation: 'commit', commit })
    const delayMs = fault?.kind === 'slow' || fault?.kind === 'crash' ? fault.delayMs : undefined
    if (delayMs !== undefined) {
      const released = new CompletableFuture<void>()
      this.#released.whenComplete(() => delay(this.#clock, delayMs).whenComplete(() => released.complete(undefined)))
      this.#released = released
    }
    if (fault?.kind === 'crash' || fault?.kind === 'unknownOutcome') this.#ending = new CompletableFuture<never>()
    const ending = this.#ending
    const answer = new CompletableFuture<Committed>()
    this.#released.whenComplete(() => {
      if (this.#crashed) answer.completeExceptionally(this.#ended)
      else this.#perform(commit, fault, answer, ending)
    })
    return answer
  }

  read(partition: number, position: number, bounds: ReadBounds): CompletableFuture<ReadResult> {
    return this.#pass('read', partition, (storage) => storage.read(partition, position, bounds))
  }

  offsetAt(partition: number, timestamp: number): CompletableFuture<number> {
    return this.#pass('offsetAt', partition, (storage) => storage.offsetAt(partition, timestamp))
  }

  bounds(partition: number): PartitionBounds {
    return this.#open().bounds(partition)
  }

  bytes(partition: number): number {
    return this.#open().bytes(partition)
  }

  positions(partition: number): ReadonlyMap<string, number> {
    return this.#open().positions(partition)
  }

  position(group: string, partition: number): number {
    return this.#open().position(group, partition)
  }

  snapshot(ageMsMax?: number): Snapshot {
    return this.#open().snapshot(ageMsMax)
  }

  onChange(listener: () => void): () => void {
    return this.#storage.onChange(() => {
      if (this.#ended === undefined) listener()
    })
  }

  close(): CompletableFuture<void> {
    this.#ended ??= new StorageClosed('the storage was closed; expected no calls after close()')
    const closed = new CompletableFuture<void>()
    this.#released.whenComplete(() => {
      this.#storage.close().whenComplete((_, error) => {
        if (error === undefined) closed.complete(undefined)
        else closed.completeExceptionally(error)
      })
    })
    return closed
  }

  #perform(
    commit: Commit,
    fault: Fault | undefined,
    answer: CompletableFuture<Committed>,
    ending: CompletableFuture<never> | undefined,
  ): void {
    // a commit that is not to be applied is an empty one, so that the answer comes in its turn behind those before it
    const isApplied = fault?.kind !== 'fail' && !(fault?.kind === 'crash' && !fault.applied)
    if (fault?.kind === 'fence' && commit.fence !== undefined) this.#fenceOff(commit.fence)
    this.#storage.commit(isApplied ? commit : commitOf({})).whenComplete((committed, error) => {
      const failure = this.#failureOf(fault)
      this.#injector.onCommit?.(commit, fault, isApplied ? committed : undefined, failure ?? error)
      if (fault?.kind === 'crash') this.#crash(failure as StorageFailed)
      if (failure !== undefined) answer.completeExceptionally(failure)
      else if (committed === undefined) answer.completeExceptionally(error)
      else answer.complete(committed)
      if (fault?.kind === 'crash' || fault?.kind === 'unknownOutcome') ending?.completeExceptionally(failure)
    })
  }

  #fenceOff({ owner, epoch }: Fence): void {
    const current = epochValue(epoch)
    const next = epochValue(epoch + 1)
    const key = epochRow(owner)
    // an owner that was fenced already has nobody to be fenced by
    void this.#storage
      .commit(commitOf({ expect: [{ key, value: current }], rows: [{ key, value: next }] }))
      .exceptionally(() => undefined)
  }

  #failureOf(fault: Fault | undefined): Error | undefined {
    switch (fault?.kind) {
      case 'fail':
        return fault.error
      case 'crash':
        return this.#injector.failure(`a crash ${fault.applied ? 'after' : 'before'} a commit`)
      case 'unknownOutcome':
        return this.#injector.failure('an unknown outcome of a commit')
      default:
        return undefined
    }
  }

  #crash(failure: StorageFailed): void {
    this.#crashed = true
    this.#ended = failure
    void this.#storage.close()
  }

  #pass<A>(
    operation: 'read' | 'offsetAt',
    partition: number,
    call: (storage: Storage) => CompletableFuture<A>,
  ): CompletableFuture<A> {
    if (this.#ended !== undefined) return CompletableFuture.failed(this.#ended)
    const crash = (): void => this.#crash(this.#injector.failure(`a crash at '${operation}'`))
    return this.#injector.pass(this.#clock, { operation, partition }, crash).thenCompose(() => {
      if (this.#crashed) throw this.#ended
      return call(this.#storage)
    })
  }

  /** The storage beneath, for a call that answers at once. */
  #open(): Storage {
    if (this.#ended !== undefined) throw this.#ended
    return this.#storage
  }
}
