import {
  CompletableFuture,
  exponential,
  type Headers,
  InvalidOption,
  type Retry,
  type Sink,
  SinkFailed,
  type SinkPlace,
  type SinkRecord,
  validateName,
} from '@weir/core'
import { isTriedAgain, observe, optionNames, requireFunction, requireInteger, requireKnown } from '@weir/core/protocol'

/** A call of a `callbackSink`. */
export interface SinkCall<K, V> {
  readonly key: K
  readonly value: V
  /** Event time in milliseconds since 1970. */
  readonly timestamp: number
  readonly headers: Headers
  /** The same in every call for this record, also after a crash: give it to the other side, which is to do it once for each. */
  readonly idempotencyKey: string
  /** From 1 on; begins anew after a crash. */
  readonly attempt: number
}

/** How a `callbackSink` calls. */
export interface CallbackSinkOptions {
  /** At most so many calls of a partition are under way; 16 by default. */
  readonly concurrencyMax?: number
  /** Which failed calls are tried again, and when; `exponential()` by default. None that fails with a `TerminalError` is. */
  readonly retry?: Retry
  /** A call that takes longer has failed, in ms; 30 000 by default. */
  readonly attemptMsMax?: number
}

/**
 * Calls a function for each record, at least once: a record whose call was under way at a crash is sent again, with the
 * same `idempotencyKey`. The calls for a key are made one after the other, in order; others at the same time.
 *
 * A batch is done when all its calls are; until then the position stays where it was. A record whose last attempt fails ends the run
 * with `SinkFailed`, and comes first when the job is run again: so nothing is left out.
 *
 * @param name - unique within a job
 * @param send - completes when the other side has it; what it throws is a failed attempt
 * @throws InvalidName, InvalidOption
 * @example
 * const bill = callbackSink<string, number>('bill', ({ idempotencyKey, value }) => `${idempotencyKey} ${value}`)
 * bill.guarantee // => 'at-least-once'
 */
export const callbackSink = <K, V>(
  name: string,
  send: (call: SinkCall<K, V>) => unknown,
  options: CallbackSinkOptions = {},
): Sink<K, V> => {
  validateName('sink', name)
  const what = `sink '${name}'`
  requireFunction(`${what}: send`, send)
  requireKnown(what, options, callbackSinkOptionNames)
  const { concurrencyMax = 16, retry = exponential(), attemptMsMax = 30_000 } = options
  requireInteger(`${what}: concurrencyMax`, concurrencyMax, 1, 10_000)
  requireInteger(`${what}: attemptMsMax`, attemptMsMax, 1, 2 ** 31 - 1)
  if (typeof (retry as Partial<Retry> | null)?.delayMs !== 'function') {
    throw new InvalidOption(`${what}: retry is ${JSON.stringify(retry)}; expected one such as exponential()`)
  }
  const settings = { name, send, concurrencyMax, retry, attemptMsMax }
  return {
    name,
    guarantee: 'at-least-once',
    open: (place) =>
      CompletableFuture.completed({
        position: undefined,
        write: (records) => new Calls(settings, place, records).done,
        close: () => CompletableFuture.completed(undefined),
      }),
  }
}

const callbackSinkOptionNames = optionNames<CallbackSinkOptions>({
  concurrencyMax: true,
  retry: true,
  attemptMsMax: true,
})

interface Settings<K, V> extends Required<CallbackSinkOptions> {
  readonly name: string
  readonly send: (call: SinkCall<K, V>) => unknown
}

/** The calls for the records of a batch. */
class Calls<K, V> {
  readonly done = new CompletableFuture<void>()
  readonly #settings: Settings<K, V>
  readonly #place: SinkPlace
  /** Records of the same key are in the same lane, and a lane makes one call at a time. */
  readonly #lanes: ReadonlyArray<Lane<K, V>>
  #begun = 0
  #running = 0
  #isPumping = false

  constructor(settings: Settings<K, V>, place: SinkPlace, records: ReadonlyArray<SinkRecord<K, V>>) {
    this.#settings = settings
    this.#place = place
    this.#lanes = lanesOf(records)
    this.#pump()
  }

  get #isOver(): boolean {
    return this.done.isDone || this.#place.ended.isDone
  }

  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#running < this.#settings.concurrencyMax && this.#begun < this.#lanes.length && !this.#isOver) {
      this.#running++
      this.#walk(this.#lanes[this.#begun++]!, 0, 1)
    }
    this.#isPumping = false
    if (this.#running === 0 && this.#begun === this.#lanes.length) this.done.complete(undefined)
  }

  /** Goes along a lane from a record on, of which it is this attempt. What is done at once needs no further turn. */
  #walk(lane: Lane<K, V>, from: number, attempt: number): void {
    for (let index = from; index < lane.length; index++) {
      if (this.#isOver) return
      const number = index === from ? attempt : 1
      const call = this.#call(lane[index]!, number)
      if (call.isDone && !call.isCompletedExceptionally) continue
      observe(call, (_, error) => {
        if (error === undefined) this.#walk(lane, index + 1, 1)
        else this.#failed(lane, index, number, error)
      })
      return
    }
    this.#running--
    this.#pump()
  }

  #call(record: SinkRecord<K, V>, attempt: number): CompletableFuture<unknown> {
    const { send, attemptMsMax } = this.#settings
    const { key, value, timestamp, headers, idempotencyKey } = record
    return CompletableFuture.supply(() => send({ key, value, timestamp, headers, idempotencyKey, attempt })).orTimeout(
      attemptMsMax,
      this.#place.clock,
    )
  }

  #failed(lane: Lane<K, V>, index: number, attempt: number, error: unknown): void {
    const { retry } = this.#settings
    if (!isTriedAgain(retry, attempt, error)) return this.#giveUp(lane[index]!, attempt, error)
    const cancel = this.#place.clock.after(retry.delayMs(attempt), () => this.#walk(lane, index, attempt + 1))
    this.#place.ended.thenRun(cancel)
  }

  #giveUp({ offset }: SinkRecord<K, V>, attempts: number, cause: unknown): void {
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.done.completeExceptionally(
      new SinkFailed(
        `gave up the record at offset ${offset} after ${attempts} attempts. The last one said: ${reason}`,
        { cause },
      ),
    )
  }
}

type Lane<K, V> = ReadonlyArray<SinkRecord<K, V>>

const lanesOf = <K, V>(records: ReadonlyArray<SinkRecord<K, V>>): ReadonlyArray<Lane<K, V>> => {
  const lanes = new Map<unknown, Array<SinkRecord<K, V>>>()
  for (const record of records) {
    const lane = laneOf(record)
    const others = lanes.get(lane)
    if (others === undefined) lanes.set(lane, [record])
    else others.push(record)
  }
  return [...lanes.values()]
}

/** A record without a key waits for no other. */
const laneOf = <K, V>({ key, offset }: SinkRecord<K, V>): unknown => {
  if (key === null) return `null/${offset}`
  return typeof key === 'object' ? `object/${JSON.stringify(key)}` : key
}
