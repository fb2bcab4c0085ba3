import { CompletableFuture, InvalidJob, InvalidOption, type RunMetrics, type WeirError } from '@weir/core'
import { isRecoverable, toError } from './internal/failure.ts'
import { noMetrics, sumMetrics } from './internal/metrics.ts'
import type { Failure, Report } from './internal/protocol.ts'
import { requireWorkers } from './internal/requireWorkers.ts'
import { fruitlessEndsMax, restartDelay } from './internal/restartDelay.ts'
import type { WorkerEvents, WorkerLink } from './internal/WorkerLink.ts'
import { WorkerFailed } from './WorkerFailed.ts'

/** Where a worker is in its life. */
export type WorkerState = 'starting' | 'running' | 'replaced' | 'finished' | 'stopped'

/** A worker, as it was last heard of. */
export interface WorkerStatus {
  readonly index: number
  readonly state: WorkerState
  /** Its process; for a thread, this one. `null` while there is none. */
  readonly pid: number | null
  /** `null` for a process. */
  readonly threadId: number | null
  /** How often it was replaced. */
  readonly restarts: number
}

interface Slot {
  readonly index: number
  state: WorkerState
  link: WorkerLink | undefined
  restarts: number
  /** How often in a row it ended without having committed anything. */
  fruitlessEnds: number
  /** When it was replaced, within the window of `RestartBound`; oldest first. */
  replacedAt: number[]
  killed: boolean
  failure: Failure | undefined
  /** Of a process that ended out of order and could say so. */
  exitCode: number | undefined
  metrics: RunMetrics
  stopDelay: () => void
  /** It is to end, and nobody takes its place. */
  isLeaving: boolean
  /** Against one that does not end by itself. */
  killTimer: NodeJS.Timeout | undefined
}

/** A change of the number of workers that is not complete. */
interface Scaling {
  readonly slots: ReadonlyArray<Slot>
  readonly complete: CompletableFuture<void>
}

/** How often a worker may be replaced. */
export interface RestartBound {
  readonly restartsMax: number
  readonly restartWindowMs: number
}

/** How long workers have to end by themselves after `stop`. */
const stopWithinMs = 10_000

/**
 * A job at work on several workers.
 *
 * ```text
 *              tasks started            share ended, exit
 *   starting ----------------> running ------------------> finished
 *     ^  |                       |
 *     |  | died                  | died           stop(): from any of them, after the commits on their way
 *     |  v                       v                ----------------------------------------------> stopped
 *     +-- replaced <-------------+
 *            |  too often, or with an error that would only come again: all are stopped, `done` fails
 * ```
 *
 * One that `scaleTo` ends leaves the list when it has exited.
 */
export class RunningWorkers {
  readonly job: string
  readonly #done = new CompletableFuture<void>()
  readonly #slots: Slot[] = []
  #scalings: Scaling[] = []
  readonly #bound: RestartBound
  readonly #start: (index: number, events: WorkerEvents) => WorkerLink
  /** Of workers that are gone. */
  #past = noMetrics
  #goneRestarts = 0
  #ending = false
  #error: WeirError | undefined
  #killTimer: NodeJS.Timeout | undefined
  /** Workers notice by themselves that this process is gone, unless user code keeps them busy for ever. */
  readonly #killAll = (): void => {
    for (const slot of this.#slots) slot.link?.kill()
  }

  /** Made by `runWorkers`. */
  constructor(
    job: string,
    count: number,
    bound: RestartBound,
    start: (index: number, events: WorkerEvents) => WorkerLink,
  ) {
    this.job = job
    this.#bound = bound
    this.#start = start
    process.once('exit', this.#killAll)
    for (let index = 0; index < count; index++) this.#add()
  }

  /**
   * Completes when all workers have finished (`until: 'end'`) or were stopped, and have exited. Cancelling it stops nothing.
   * Fails with the error of a worker that another worker would meet again, such as OperatorFailed, StoreMismatch or
   * EpochFenced, or with WorkerFailed when one ends 7 times in a row before its first commit, or would have to be
   * replaced more than `restartsMax` times within `restartWindowMs`; the others were stopped then.
   */
  get done(): CompletableFuture<void> {
    return this.#done.shield()
  }

  /** The workers, by index. */
  get workers(): ReadonlyArray<WorkerStatus> {
    return this.#slots.map(({ index, state, link, restarts }) => ({
      index,
      state,
      pid: link?.pid ?? null,
      threadId: link?.threadId ?? null,
      restarts,
    }))
  }

  /** How often a worker was replaced. */
  get restarts(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.restarts, this.#goneRestarts)
  }

  /**
   * What all workers have done, as far as they have said: each speaks up every 200 ms, so what one did just before it
   * was killed may be missing here, though never in the results. The lag of a worker that is being replaced is its last one.
   */
  metrics(): RunMetrics {
    return this.#slots.reduce((sum, slot) => sumMetrics(sum, slot.metrics), this.#past)
  }

  /**
   * Kills a worker process with SIGKILL, wherever it is. It is replaced, as if it had died by itself, but that does not count
   * towards `restartsMax`.
   *
   * @returns whether there was one: false after it has finished, while it is being replaced, and while it dies of a kill
   * @throws InvalidOption for an index that no worker has, and for threads: one that is killed may leave a lock of the
   *   storage held by this process
   */
  kill(index: number): boolean {
    const slot = this.#slots.find((each) => each.index === index)
    if (slot === undefined) {
      throw new InvalidOption(
        `workers of job '${this.job}': index is ${index}; expected 0 to ${this.#slots.length - 1}`,
      )
    }
    if (slot.link === undefined) return false
    if (slot.link.threadId !== null) {
      throw new InvalidOption(
        `workers of job '${this.job}': worker ${index} is a thread, which cannot be killed without harm to the storage; ` +
          'expected processes, or stop()',
      )
    }
    if (slot.killed) return false
    slot.killed = true
    slot.link.kill()
    return true
  }

  /**
   * Changes how many workers there are while they work. New ones join the job's group, and partitions are handed over to them;
   * of those that are there the last ones end as by `stop`, and theirs go to the others. State does not move: whoever has a
   * partition reads it where it lies. What is not handed over goes on meanwhile.
   *
   * @param count - from 1 to 1 024
   * @returns completes when the new ones are at work and the others have exited, or when the run has ended; it fails as `done`
   * @throws InvalidOption for the count; InvalidJob when the run is ending
   */
  scaleTo(count: number): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      requireWorkers(`workers of job '${this.job}': count`, count)
      if (this.#ending || this.#done.isDone) {
        throw new InvalidJob(`the workers of job '${this.job}' are ending; expected another number before that`)
      }
      const staying = this.#slots.filter(({ isLeaving }) => !isLeaving)
      const changed = staying.slice(count)
      for (const slot of changed) this.#dismiss(slot)
      for (let missing = count - staying.length; missing > 0; missing--) changed.push(this.#add())
      const complete = new CompletableFuture<void>()
      this.#scalings.push({ slots: changed, complete })
      this.#settle()
      return complete.shield()
    })
  }

  /** Ends all workers after the commits on their way; one that does not end within 10 s is killed. Completes when all have exited. */
  stop(): CompletableFuture<void> {
    this.#end(undefined)
    return this.done
  }

  /** A worker under the first index that is free. */
  #add(): Slot {
    let index = 0
    while (this.#slots[index]?.index === index) index++
    const slot: Slot = {
      index,
      state: 'starting',
      link: undefined,
      restarts: 0,
      fruitlessEnds: 0,
      replacedAt: [],
      killed: false,
      failure: undefined,
      exitCode: undefined,
      metrics: noMetrics,
      stopDelay: () => undefined,
      isLeaving: false,
      killTimer: undefined,
    }
    this.#slots.splice(index, 0, slot)
    this.#launch(slot)
    return slot
  }

  #dismiss(slot: Slot): void {
    slot.isLeaving = true
    slot.stopDelay()
    if (slot.link === undefined) return this.#remove(slot)
    slot.link.send({ _tag: 'Stop' })
    slot.killTimer = setTimeout(() => slot.link?.kill(), stopWithinMs)
  }

  #remove(slot: Slot): void {
    clearTimeout(slot.killTimer)
    this.#goneRestarts += slot.restarts
    this.#slots.splice(this.#slots.indexOf(slot), 1)
  }

  #launch(slot: Slot): void {
    slot.state = 'starting'
    slot.killed = false
    slot.failure = undefined
    slot.exitCode = undefined
    slot.link = this.#start(slot.index, {
      reported: (report) => this.#reported(slot, report),
      ended: (how) => this.#ended(slot, how),
    })
  }

  #reported(slot: Slot, report: Report): void {
    if (report._tag === 'Failed') slot.failure = report.failure
    else if (report._tag === 'Exiting') slot.exitCode = report.code
    else {
      slot.metrics = report.metrics
      slot.state = report._tag === 'Finished' ? 'finished' : 'running'
      this.#settleScalings()
    }
  }

  #ended(slot: Slot, how: string): void {
    slot.link = undefined
    const fruitful = slot.metrics.commits > 0 || slot.killed
    this.#past = sumMetrics(this.#past, { ...slot.metrics, lag: 0 })
    slot.metrics = { ...noMetrics, lag: slot.metrics.lag }
    const reason = slot.exitCode === undefined ? how : `exited with code ${slot.exitCode}`
    if (slot.isLeaving) this.#remove(slot)
    else if (slot.state !== 'finished' && !this.#ending) this.#replace(slot, reason, fruitful)
    else if (slot.state !== 'finished') slot.state = 'stopped'
    this.#settle()
  }

  #replace(slot: Slot, how: string, fruitful: boolean): void {
    const { failure } = slot
    slot.state = 'replaced'
    slot.fruitlessEnds = fruitful ? 0 : slot.fruitlessEnds + 1
    if (failure !== undefined && !isRecoverable(failure)) return this.#end(toError(failure))
    const what = `worker ${slot.index} of job '${this.job}'`
    if (slot.fruitlessEnds > fruitlessEndsMax) {
      return this.#end(
        failure === undefined
          ? new WorkerFailed(
              `${what} ended ${slot.fruitlessEnds} times in a row before its first commit; the last one ${how}`,
            )
          : toError(failure),
      )
    }
    if (!slot.killed && this.#isReplacedTooOften(slot)) {
      const { restartsMax, restartWindowMs } = this.#bound
      const said = failure === undefined ? '' : ` after ${failure.tag}: ${failure.message}`
      return this.#end(
        new WorkerFailed(
          `${what} ended more than ${restartsMax} times within ${restartWindowMs / 1_000} s (restartsMax), though it committed ` +
            `something now and then; the last one ${how}${said}`,
          failure === undefined ? {} : { cause: toError(failure) },
        ),
      )
    }
    const timer = setTimeout(() => {
      slot.restarts++
      this.#launch(slot)
    }, restartDelay(slot.fruitlessEnds))
    slot.stopDelay = () => clearTimeout(timer)
  }

  /** Counts one more. */
  #isReplacedTooOften(slot: Slot): boolean {
    const { restartsMax, restartWindowMs } = this.#bound
    const now = performance.now()
    slot.replacedAt.push(now)
    while (slot.replacedAt[0]! < now - restartWindowMs) slot.replacedAt.shift()
    return slot.replacedAt.length > restartsMax
  }

  #end(error: WeirError | undefined): void {
    if (this.#ending) return
    this.#ending = true
    this.#error = error
    for (const slot of this.#slots) {
      slot.stopDelay()
      if (slot.link !== undefined) slot.link.send({ _tag: 'Stop' })
      else if (slot.state !== 'finished') slot.state = 'stopped'
    }
    this.#killTimer = setTimeout(this.#killAll, stopWithinMs)
    this.#settle()
  }

  #settleScalings(): void {
    if (this.#ending) return
    const isAtWork = (slot: Slot): boolean => slot.state === 'running' || slot.state === 'finished'
    const isOpen = ({ slots }: Scaling): boolean =>
      slots.some((slot) => this.#slots.includes(slot) && (slot.isLeaving || !isAtWork(slot)))
    const settled = this.#scalings.filter((scaling) => !isOpen(scaling))
    this.#scalings = this.#scalings.filter(isOpen)
    for (const { complete } of settled) complete.complete(undefined)
  }

  #settle(): void {
    this.#settleScalings()
    if (this.#slots.some(({ state, link }) => link !== undefined || (state !== 'finished' && state !== 'stopped')))
      return
    clearTimeout(this.#killTimer)
    process.off('exit', this.#killAll)
    const ends = [this.#done, ...this.#scalings.splice(0).map(({ complete }) => complete)]
    for (const end of ends) {
      if (this.#error === undefined) end.complete(undefined)
      else end.completeExceptionally(this.#error)
    }
  }
}
