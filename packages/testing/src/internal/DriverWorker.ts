import {
  type Clock,
  CompletableFuture,
  type Job,
  type RunMetrics,
  type RunOptions,
  type RunningJob,
  Weir,
} from '@weir/core'
import { memoryStorage, type MemoryStorage } from '../memoryStorage.ts'
import { seededRandom } from '../seededRandom.ts'
import type { MemoryDisk } from '../MemoryDisk.ts'
import type { VirtualClock } from '../virtualClock.ts'
import type { FaultyStorage } from '../withFaults.ts'
import type { FaultInjector } from './FaultInjector.ts'
import { FaultyHandle } from './FaultyHandle.ts'

/** So long that work in the background is not among the commits that a test counts or strikes. */
export const backgroundMs = 3_600_000

/** How a worker stands. `crashed` is the doing of the test, `failed` is not. */
export type WorkerState = 'starting' | 'running' | 'stopping' | 'ended' | 'crashed' | 'failed'

/** One worker of a job: a storage handle, a Weir on it, and a run, started any number of times. */
export class DriverWorker {
  readonly #job: Job
  readonly #disk: MemoryDisk
  readonly #clock: Clock
  readonly #injector: FaultInjector
  #memory: MemoryStorage | undefined
  #storage: FaultyStorage | undefined
  #weir: Weir | undefined
  #running: RunningJob | undefined
  #state: WorkerState = 'ended'
  #failure: unknown
  #start = 0

  constructor(job: Job, disk: MemoryDisk, clock: VirtualClock, injector: FaultInjector) {
    this.#job = job
    this.#disk = disk
    this.#clock = clock.process()
    this.#injector = injector
  }

  get state(): WorkerState {
    return this.#state
  }

  /** Why it failed. */
  get failure(): unknown {
    return this.#failure
  }

  /** How many faults have struck it, over all its runs. */
  get struckCount(): number {
    return this.#injector.struckCount
  }

  /** Begins a run; the state tells what became of it. */
  start(options: RunOptions): void {
    const start = ++this.#start
    const memory = memoryStorage({ disk: this.#disk, clock: this.#clock })
    const storage = new FaultyHandle(memory, this.#injector, this.#clock)
    this.#memory = memory
    this.#storage = storage
    this.#state = 'starting'
    this.#failure = undefined
    this.#running = undefined
    const own = (ended: (error: unknown) => void) => (error: unknown) => {
      if (start === this.#start) ended(error)
    }
    const fail = own((error) => this.#fail(error))
    Weir.open(
      { open: () => CompletableFuture.completed(storage) },
      {
        clock: this.#clock,
        random: seededRandom(1),
        retentionIntervalMs: backgroundMs,
      },
    )
      .thenCompose((weir) => {
        this.#weir = weir
        return weir.run(this.#job, options)
      })
      .whenComplete((running, error) => {
        if (running === undefined) return fail(error)
        if (start !== this.#start) return
        this.#running = running
        this.#state = 'running'
        running.done.whenComplete((_, failure) => {
          if (failure !== undefined) fail(failure)
          else own(() => this.#end())(undefined)
        })
      })
  }

  /** Stops the run in order. Completes when it is over. */
  stop(): CompletableFuture<void> {
    const weir = this.#weir
    const isOver = weir === undefined || this.#state === 'crashed' || this.#state === 'failed'
    if (this.#state === 'running') this.#state = 'stopping'
    return isOver ? CompletableFuture.completed(undefined) : weir.close().exceptionally(() => undefined)
  }

  crash(): void {
    if (this.#state === 'crashed') return
    this.#start++
    this.#state = 'crashed'
    this.#memory?.crash()
  }

  /** As `crash`, and it is not to be started again. */
  kill(): void {
    this.crash()
    this.#state = 'ended'
  }

  metrics(): RunMetrics | undefined {
    return this.#running?.metrics()
  }

  #end(): void {
    if (this.#state === 'running' || this.#state === 'stopping') this.#state = 'ended'
  }

  #fail(error: unknown): void {
    // what a fault ended is the test's doing, and goes on with a restart, whichever fault it was
    const isCrash = this.#storage!.crashed || this.#injector.isCauseOf(error)
    this.#state = isCrash ? 'crashed' : 'failed'
    this.#failure = isCrash ? undefined : error
    // nothing of the run may go on beside its successor
    this.#memory!.crash()
  }
}
