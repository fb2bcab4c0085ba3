import {
  type Headers,
  InvalidOption,
  invariant,
  OperatorFailed,
  type Output,
  type StreamRecord,
  type TaskContext,
  type TimerStore,
  type Topic,
  type WeirError,
  type Window,
} from '@weir/core'
import { isOfWeir, requireInteger } from '@weir/core/protocol'
import type { Subscriber } from 'rxjs'
import type {
  Stamp,
  FiredTimer,
  KeyTimers,
  Outputs,
  ProcessContext,
  ProcessOptions,
  SideOutput,
  TimerStores,
} from '../process.ts'
import type { AttachedState, HandlesOf, States } from '../State.ts'

type TimerId<K> = readonly [key: K, name: string]
type ExpirationId<K> = readonly [key: K, of: readonly [state: string, subkey: Uint8Array]]

/** What is worked on: a record or a timer, and what a record that comes of it takes over. */
interface Current<K, B> {
  readonly key: K
  readonly timestamp: number
  readonly watermark: number
  readonly headers: Headers | null
  readonly window: Window | undefined
  readonly out: Subscriber<StreamRecord<K, B>>
}

/** So many timers of the wall clock fire in one batch. */
const firedMax = 4_096
/** So much that has expired is looked at in one batch. */
const expiredMax = 1_024
const nothing = new Uint8Array(0)

/** A `process` operator at work in a task. */
export class ProcessTask<K, V, S extends States, O extends Outputs, B> {
  readonly #name: string
  readonly #options: ProcessOptions<K, V, S, O, B>
  readonly #task: TaskContext
  readonly #event: TimerStore<Uint8Array, TimerId<K>> | undefined
  readonly #processing: TimerStore<Uint8Array, TimerId<K>> | undefined
  readonly #expirations: TimerStore<Uint8Array, ExpirationId<K>> | undefined
  readonly #states = new Map<string, AttachedState<unknown>>()
  readonly #context: ProcessContext<K, S, O, B>
  #current: Current<K, B> | undefined
  /** The timers that are there when event time ends fire, and set no others. */
  #hasEventTimeEnded = false

  constructor(name: string, options: ProcessOptions<K, V, S, O, B>, stores: TimerStores, task: TaskContext) {
    this.#name = name
    this.#options = options
    this.#task = task
    const timers = <I>(of: keyof TimerStores): TimerStore<Uint8Array, I> | undefined => {
      const store = stores[of]
      return store && (task.timerStore(store) as unknown as TimerStore<Uint8Array, I>)
    }
    this.#event = timers<TimerId<K>>('event')
    this.#processing = timers<TimerId<K>>('processing')
    this.#expirations = timers<ExpirationId<K>>('expirations')
    for (const [of, state] of Object.entries<States[string]>(options.state ?? {})) {
      this.#states.set(
        of,
        state.attach({
          context: task,
          store: `${name}-${of}`,
          key: () => this.#now.key,
          expiresAt: (timeMs, subkey) => this.#expirations?.set(timeMs, [this.#now.key, [of, subkey]], nothing),
        }),
      )
    }
    this.#context = this.#makeContext()
    this.#wake(false)
  }

  next(record: StreamRecord<K, V>, out: Subscriber<StreamRecord<K, B>>): void {
    // not beyond the record's own: others of that time, held back before this operator, may be right behind it
    this.#fireEventTimers(Math.min(this.#task.watermark(), record.watermark), out)
    const { key, timestamp, watermark, headers, window } = record
    this.#run({ key, timestamp, watermark, headers, window, out }, () => this.#options.onRecord(record, this.#context))
  }

  complete(out: Subscriber<StreamRecord<K, B>>): void {
    this.#fireEventTimers(this.#task.watermark(), out)
    const isFull = this.#fireProcessingTimers(out)
    this.#wake(this.#removeExpired() || isFull)
  }

  #fireEventTimers(watermark: number, out: Subscriber<StreamRecord<K, B>>): void {
    const timers = this.#event
    if (timers === undefined) return
    for (let dueMs = timers.earliest(); dueMs < watermark; dueMs = timers.earliest()) {
      this.#hasEventTimeEnded = watermark === Infinity
      for (const { id } of timers.takeDue(dueMs, 1)) {
        // as of its own time, not of the one that has come, in which the windows behind this operator could be over
        this.#fire({ kind: 'event', timeMs: dueMs, name: id[1] }, id[0], { timestamp: dueMs, watermark: dueMs }, out)
      }
    }
    this.#hasEventTimeEnded = false
  }

  /** @returns whether there may be more */
  #fireProcessingTimers(out: Subscriber<StreamRecord<K, B>>): boolean {
    const timers = this.#processing
    if (timers === undefined) return false
    const nowMs = this.#task.clock.now()
    const watermark = this.#task.watermark()
    const timestamp = Number.isFinite(watermark) ? watermark : nowMs
    for (let fired = 0; fired < firedMax; fired++) {
      // one by one, since each may cancel others
      const [due] = timers.takeDue(nowMs, 1)
      if (due === undefined) return false
      const timer = { kind: 'processing', timeMs: due.dueMs, name: due.id[1] } as const
      this.#fire(timer, due.id[0], { timestamp, watermark }, out)
    }
    return true
  }

  #fire(
    timer: FiredTimer,
    key: K,
    time: { readonly timestamp: number; readonly watermark: number },
    out: Subscriber<StreamRecord<K, B>>,
  ): void {
    const { onTimer } = this.#options
    try {
      this.#task.unblamed(() =>
        this.#run({ key, ...time, headers: null, window: undefined, out }, () => onTimer?.(timer, this.#context)),
      )
    } catch (error) {
      throw this.#explained(timer, error)
    }
  }

  /** The record that is read just now is not to blame for what a timer does. */
  #explained({ kind, timeMs }: FiredTimer, cause: unknown): WeirError {
    if (isOfWeir(cause)) return cause
    const { job, input, partition } = this.#task
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new OperatorFailed(
      `job '${job}': onTimer of process '${this.#name}' threw in '${input.name}' partition ${partition}, ` +
        `at a timer of ${kind} time ${timeMs}; nothing of its batch was committed. It said: ${reason}`,
      { cause },
    )
  }

  #run(current: Current<K, B>, work: () => unknown): void {
    this.#current = current
    try {
      const given: unknown = work()
      if (typeof given === 'object' && given !== null && 'then' in given) {
        throw new InvalidOption(
          `process '${this.#name}': its code gave a promise; expected it to be done when it returns, and mapAsync before it`,
        )
      }
    } finally {
      this.#current = undefined
    }
  }

  /** @returns whether there may be more */
  #removeExpired(): boolean {
    const expirations = this.#expirations
    if (expirations === undefined) return false
    const due = expirations.takeDue(this.#task.clock.now(), expiredMax)
    for (const { id } of due) {
      const [key, [of, subkey]] = id
      const againMs = this.#states.get(of)?.expire(key, subkey)
      if (againMs !== undefined) expirations.set(againMs, id, nothing)
    }
    return due.length === expiredMax
  }

  #wake(hasMore: boolean): void {
    if (hasMore) this.#task.wake()
    else
      this.#task.wakeAt(Math.min(this.#processing?.earliest() ?? Infinity, this.#expirations?.earliest() ?? Infinity))
  }

  get #now(): Current<K, B> {
    const current = this.#current
    invariant(current !== undefined, `process '${this.#name}': its context is used while onRecord or onTimer runs`)
    return current
  }

  #makeContext(): ProcessContext<K, S, O, B> {
    const currentOf = (): Current<K, B> => this.#now
    const { clock } = this.#task
    const states = [...this.#states].map(([of, { handle }]) => [of, handle] as const)
    const outputs = Object.entries<Topic<unknown, unknown>>(this.#options.outputs ?? {}).map(
      ([of, topic]) => [of, this.#sideOutput(this.#task.output(topic))] as const,
    )
    return {
      get key() {
        return currentOf().key
      },
      state: Object.fromEntries(states) as HandlesOf<S>,
      timers: {
        event: this.#timers(this.#event, () => !this.#hasEventTimeEnded),
        processing: this.#timers(this.#processing, () => true),
      },
      outputs: Object.fromEntries(outputs) as ProcessContext<K, S, O, B>['outputs'],
      emit: (value, options = {}) => {
        const { key, watermark, window, out } = this.#now
        out.next({ key, value, watermark, window, ...this.#stamp(options), stored: undefined })
      },
      watermark: () => this.#now.watermark,
      now: () => clock.now(),
    }
  }

  #timers(timers: TimerStore<Uint8Array, TimerId<K>> | undefined, isKept: () => boolean): KeyTimers {
    const requireTimers = (timeMs: number): TimerStore<Uint8Array, TimerId<K>> => {
      const { MAX_SAFE_INTEGER: max } = Number
      requireInteger(`process '${this.#name}': the time of a timer`, timeMs, -max, max)
      if (timers !== undefined) return timers
      throw new InvalidOption(`process '${this.#name}' sets a timer, but has no onTimer; expected one`)
    }
    return {
      set: (timeMs, name = '') => {
        const { key } = this.#now
        const of = requireTimers(timeMs)
        if (isKept()) of.set(timeMs, [key, name], nothing)
      },
      cancel: (timeMs, name = '') => requireTimers(timeMs).cancel(timeMs, [this.#now.key, name]),
    }
  }

  #sideOutput(output: Output<unknown, unknown>): SideOutput<unknown, unknown> {
    return {
      send: (key, value, options = {}) => {
        const { watermark } = this.#now
        output.send({ key, value, watermark, window: undefined, ...this.#stamp(options) })
      },
    }
  }

  #stamp(options: Stamp): { readonly timestamp: number; readonly headers: Headers | null } {
    const { timestamp = this.#now.timestamp, headers = this.#now.headers } = options
    if (!Number.isFinite(timestamp)) {
      throw new InvalidOption(
        `process '${this.#name}' gave a record the timestamp ${timestamp}; expected milliseconds since 1970`,
      )
    }
    return { timestamp, headers }
  }
}
