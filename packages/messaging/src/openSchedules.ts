import {
  type AppendOptions,
  CompletableFuture,
  type Headers,
  InvalidOption,
  job,
  type JobFlow,
  murmur2Partitioner,
  type Producer,
  type RecordMetadata,
  type RunningJob,
  type RunOptions,
  type Topic,
  type TopicInfo,
  validateName,
  type Weir,
} from '@weir/core'
import { ensureTopic, headersOf, observe, optionNames, requireKnown, requireTopic } from '@weir/core/protocol'
import { RecordBatch } from '@weir/core/storage'
import { requireCronTimes } from './internal/cronTimes.ts'
import { crons, deliverDue } from './internal/deliverDue.ts'
import { oneRecord } from './internal/oneRecord.ts'
import { scheduled } from './internal/scheduledTopic.ts'
import type { Missed, Scheduled, ScheduledRecord } from './Scheduled.ts'

/** When a record is delivered: at a time, in ms since 1970, or so much later than now. One of the two. */
export type DeliveryTime =
  | { readonly deliverAtMs: number; readonly deliverAfterMs?: never }
  | { readonly deliverAfterMs: number; readonly deliverAtMs?: never }

/** What may be said of a record that is delivered later. */
export type DeliverOptions = DeliveryTime & {
  /**
   * Of the message. A second one with it to the same topic adds nothing, whether it waits or has been delivered: neither is
   * it delivered again.
   */
  readonly id?: string
  readonly headers?: Headers
  /** As `AppendOptions.expiresAtMs`. */
  readonly expiresAtMs?: number
  /** Event time in ms since 1970; the time at which it is due by default. */
  readonly timestamp?: number
  /** Within the topic; the topic's partitioner decides by default. */
  readonly partition?: number
}

/** A record that is appended again and again. */
export interface CronOptions<K, V> {
  /** Five fields (minute, hour, day of month, month, day of week), or six with seconds before them, such as `0 9 * * 1-5`. */
  readonly cron: string
  /** An IANA name; `UTC` by default. */
  readonly timeZone?: string
  readonly topic: Topic<K, V>
  readonly key: K
  readonly value: V
  readonly headers?: Headers
  /** What is done about times at which no process was there: `once` (the default) one record for all of them. */
  readonly missed?: Missed
}

const deliverOptionNames = optionNames<DeliverOptions>({
  deliverAtMs: true,
  deliverAfterMs: true,
  id: true,
  headers: true,
  expiresAtMs: true,
  timestamp: true,
  partition: true,
})

const cronOptionNames = optionNames<CronOptions<unknown, unknown>>({
  cron: true,
  timeZone: true,
  topic: true,
  key: true,
  value: true,
  headers: true,
  missed: true,
})

/** How the process takes part in the delivery. */
export type SchedulesOptions = Pick<RunOptions, 'member' | 'leaseMs'>

const deliveries: JobFlow<string, Scheduled> = job('weir-schedules').from(scheduled).pipe(deliverDue)

/**
 * Opens what delivers records later, at a time or by a cron line, and takes part in the delivery: whoever has it open
 * shares that, and while nobody has, what is due waits. What waits is on disk, in the order of time, and takes no memory.
 *
 * @throws InvalidJob when this Weir has it open already; as `Weir.run`
 * @example
 * import { topic, utf8, Weir } from '@weir/core'
 * import { memory } from '@weir/testing'
 * import { firstValueFrom } from 'rxjs'
 *
 * const weir = await Weir.open(memory())
 * const reminders = topic('reminders', { key: utf8, value: utf8 })
 * const schedules = await openSchedules(weir)
 * await schedules.deliver(reminders, 'ann', 'pay the bill', { deliverAfterMs: 20 })
 * const reminder = await firstValueFrom(weir.topic(reminders).from('earliest'))
 * reminder._tag === 'Record' && reminder.value // => 'pay the bill'
 * await weir.close()
 */
export const openSchedules = (weir: Weir, options: SchedulesOptions = {}): CompletableFuture<Schedules> =>
  weir
    .producer(scheduled)
    .thenCompose((producer) =>
      weir.run(deliveries, options).thenApply((running) => new Schedules(weir, producer, running)),
    )

/** Records that are delivered later; see `openSchedules`. */
export class Schedules {
  readonly #weir: Weir
  readonly #producer: Producer<string, Scheduled>
  readonly #running: RunningJob
  readonly #places = new WeakMap<object, CompletableFuture<TopicInfo>>()
  #sent = 0

  constructor(weir: Weir, producer: Producer<string, Scheduled>, running: RunningJob) {
    this.#weir = weir
    this.#producer = producer
    this.#running = running
  }

  /**
   * Completes when this is closed; fails with what ended the delivery. Somebody must ask: a failure that nobody asked for within
   * a second is thrown, and mostly ends the process.
   */
  get ended(): CompletableFuture<void> {
    return this.#running.done
  }

  /** The delivery as a run: its metrics tell how much waits to be read. */
  get running(): RunningJob {
    return this.#running
  }

  /**
   * Appends a record to a topic when its time has come: exactly once, within 50 ms when the machine is idle; at once when it
   * is past. Until then nobody sees it, and it survives any crash.
   *
   * @returns completes when it is durable that it will be delivered; where it waits
   * @throws InvalidOption, EncodeFailed, TopicMismatch; as `Producer.append`
   */
  deliver<K, V>(to: Topic<K, V>, key: K, value: V, options: DeliverOptions): CompletableFuture<RecordMetadata> {
    return CompletableFuture.supply(() => {
      requireTopic('delivery: topic', to)
      const atMs = this.#timeOf(to.name, options)
      return this.#placeOf(to).thenCompose((info) => {
        const record = this.#encoded(to, info, key, value, options)
        const { id } = record
        // of one id in one partition, where the log knows it; others are spread
        const place = id === null ? `${this.#weir.storage.session}/${this.#sent++}` : `${to.name}/${id}`
        return this.#producer.append(
          place,
          { _tag: 'Delivery', atMs, record },
          id === null ? undefined : { id: `${to.name}/${id}` },
        )
      })
    })
  }

  /**
   * Appends a record whenever a cron line says so, until it is cancelled. A schedule of the same name is replaced, so
   * a program may set its schedules at each start: with the same line and time zone no time is missed by that, with another one
   * it counts from then on. Each record has the id `name@time`.
   *
   * @returns completes when that is durable
   * @throws InvalidName; InvalidOption for a line that is no cron line or has no time to come, and an unknown time zone
   */
  cron<K, V>(name: string, options: CronOptions<K, V>): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      validateName('schedule', name)
      requireKnown(`schedule '${name}'`, options, cronOptionNames)
      const { cron, timeZone = 'UTC', topic: to, key, value, headers, missed = 'once' } = options
      requireTopic(`schedule '${name}': topic`, to)
      requireCronTimes(`schedule '${name}'`, { cron, timeZone }, this.#weir.clock.now())
      if (!['once', 'each', 'skip'].includes(missed)) {
        throw new InvalidOption(`schedule '${name}': missed is ${missed}; expected 'once', 'each' or 'skip'`)
      }
      return this.#placeOf(to).thenCompose((info) => {
        const record = this.#encoded(to, info, key, value, headers === undefined ? {} : { headers })
        const set: Scheduled = { _tag: 'CronSet', name, cron, timeZone, missed, record }
        return this.#producer.append(name, set).thenApply(() => undefined)
      })
    })
  }

  /**
   * Ends a schedule. Completes when that is durable; what is due until then may still be delivered.
   *
   * @returns whether there was one of this name. Two who cancel at the same moment may both be told so
   * @throws InvalidName; as `Producer.append`
   */
  cancel(name: string): CompletableFuture<boolean> {
    return CompletableFuture.supply(() => {
      validateName('schedule', name)
      return this.#isSet(name)
    }).thenCompose((isSet) =>
      isSet
        ? this.#producer.append(name, { _tag: 'CronCancelled', name }).thenApply(() => true)
        : CompletableFuture.completed(false),
    )
  }

  /** By what was said of it last: in the topic, behind what the delivery has read, or else in its store. */
  #isSet(name: string): CompletableFuture<boolean> {
    const partition = murmur2Partitioner(name, scheduled.partitions, 0)
    return ensureTopic(this.#weir.storage, scheduled).thenCompose(({ firstPartition }) => {
      const offset = this.#weir.storage.position(deliveries.name, firstPartition + partition)
      let last: Scheduled['_tag'] | undefined
      return this.#weir
        .topic(scheduled)
        .partition(partition)
        .from({ offset })
        .toEnd()
        .consume((record) => {
          if (record._tag !== 'Record' || record.value._tag === 'Delivery' || record.value.name !== name) return
          last = record.value._tag
        })
        .thenApply(() => (last === undefined ? this.#hasRow(name) : last === 'CronSet'))
    })
  }

  #hasRow(name: string): boolean {
    return this.#weir.store<string, unknown>(deliveries, crons.name).get(name) !== undefined
  }

  /** Takes no part any more. What waits goes on waiting for others, or for the next start. */
  close(): CompletableFuture<void> {
    // those who have appended know how that ended, and `ended` how the delivery did
    return this.#producer
      .close()
      .exceptionally(() => undefined)
      .thenCompose(() => this.#running.end())
  }

  /** The record as it will be appended: what would be wrong with it then is found now. */
  #encoded<K, V>(to: Topic<K, V>, info: TopicInfo, key: K, value: V, options: AppendOptions): ScheduledRecord {
    const { id = null, timestamp = null, partition } = options
    const headers = headersOf(options)
    const written = oneRecord(to, info, { key, value, timestamp: timestamp ?? 0, id, headers, partition })
    const batch = RecordBatch.view(written.append.batch, 0)
    return {
      topic: to.name,
      partition: written.partition,
      key: batch.key(0)?.slice() ?? null,
      value: batch.value(0)?.slice() ?? null,
      headers,
      id,
      timestamp,
    }
  }

  /** One look for all records of a topic, however many are on their way. */
  #placeOf<K, V>(to: Topic<K, V>): CompletableFuture<TopicInfo> {
    let place = this.#places.get(to)
    if (place === undefined) {
      place = ensureTopic(this.#weir.storage, to)
      this.#places.set(to, place)
      observe(place, (_, error) => {
        if (error !== undefined) this.#places.delete(to)
      })
    }
    return place.shield()
  }

  #timeOf(to: string, options: DeliverOptions | undefined): number {
    requireKnown(`delivery to '${to}'`, options ?? {}, deliverOptionNames)
    const { deliverAtMs, deliverAfterMs } = options ?? {}
    if ((deliverAtMs === undefined) === (deliverAfterMs === undefined)) {
      throw new InvalidOption(
        `delivery to '${to}': deliverAtMs is ${String(deliverAtMs)} and deliverAfterMs is ${String(deliverAfterMs)}; ` +
          'expected one of the two',
      )
    }
    if (deliverAfterMs !== undefined && !(deliverAfterMs >= 0)) {
      throw new InvalidOption(
        `delivery to '${to}': deliverAfterMs is ${deliverAfterMs}; expected a number of at least 0`,
      )
    }
    const dueAtMs = Math.ceil(deliverAtMs ?? this.#weir.clock.now() + (deliverAfterMs ?? NaN))
    if (!(Math.abs(dueAtMs) <= timeMax)) {
      throw new InvalidOption(`delivery to '${to}': it is due at ${dueAtMs}; expected milliseconds since 1970`)
    }
    return dueAtMs
  }
}

/** The largest time of a `Date`. */
const timeMax = 8.64e15
