import {
  type KeyValueStore,
  msgpack,
  operate,
  type Operator,
  type StoreDefinition,
  type TaskContext,
  type TimerStore,
  utf8,
} from '@weir/core'
import type { CronSet, Scheduled, ScheduledRecord } from '../Scheduled.ts'
import { nextTime } from './cronTimes.ts'

/** What waits for its time: a record, or the next time of a schedule. */
type Waiting =
  | { readonly _tag: 'Record'; readonly record: ScheduledRecord }
  | { readonly _tag: 'Cron'; readonly name: string }

interface RunningCron extends CronSet {
  readonly nextMs: number
}

/** So many are delivered in one commit. */
const deliveriesMax = 4_096

const timers: StoreDefinition<string, Waiting> = { name: 'timers', kind: 'timer', key: utf8, value: msgpack<Waiting>() }
/** The schedules, each with its next time. */
export const crons: StoreDefinition<string, RunningCron> = {
  name: 'crons',
  kind: 'key-value',
  key: utf8,
  value: msgpack<RunningCron>(),
}

/** Keeps what is scheduled until it is due, and then appends it to its topic: in one commit with having done so. */
export const deliverDue: Operator<string, Scheduled, string, Scheduled> = {
  kind: 'deliverDue',
  name: 'deliver-due',
  stores: [timers as StoreDefinition<unknown, unknown>, crons as unknown as StoreDefinition<unknown, unknown>],
  outputs: [],
  sink: true,
  keyed: false,
  readsSource: true,
  attach: (context) => {
    const task = new DeliveryTask(context)
    return operate({
      next: ({ value }) => task.schedule(value),
      complete: () => task.deliver(),
    })
  },
}

class DeliveryTask {
  readonly #context: TaskContext
  readonly #timers: TimerStore<Waiting>
  readonly #crons: KeyValueStore<string, RunningCron>

  constructor(context: TaskContext) {
    this.#context = context
    this.#timers = context.timerStore(timers)
    this.#crons = context.keyValueStore(crons)
    context.wake()
  }

  schedule(scheduled: Scheduled): void {
    if (scheduled._tag === 'Delivery') {
      const { atMs, record } = scheduled
      this.#timers.set(atMs, `record/${this.#context.source().offset}`, { _tag: 'Record', record })
      return
    }
    const before = this.#crons.get(scheduled.name)
    if (scheduled._tag === 'CronSet' && before?.cron === scheduled.cron && before.timeZone === scheduled.timeZone) {
      // set again by a program that starts: what is due and not delivered yet stays so
      this.#crons.put(scheduled.name, { ...scheduled, nextMs: before.nextMs })
      return
    }
    if (before !== undefined) this.#timers.cancel(before.nextMs, cronId(scheduled.name))
    if (scheduled._tag === 'CronSet') this.#setNext(scheduled, this.#context.clock.now())
    else this.#crons.delete(scheduled.name)
  }

  deliver(): void {
    const nowMs = this.#context.clock.now()
    const due = this.#timers.takeDue(nowMs, deliveriesMax)
    for (const { dueMs, value } of due) {
      if (value._tag === 'Record') this.#send(value.record, dueMs, value.record.id)
      else this.#fire(value.name, dueMs, nowMs)
    }
    this.#context.count('delivered', due.length)
    if (due.length === deliveriesMax) this.#context.wake()
    else this.#context.wakeAt(this.#timers.earliest())
  }

  #fire(name: string, dueMs: number, nowMs: number): void {
    const cron = this.#crons.get(name)
    if (cron === undefined) return
    const next = nextTime(cron, dueMs)
    const isMissed = next !== undefined && next <= nowMs
    if (!isMissed || cron.missed === 'each') {
      this.#send(cron.record, dueMs, `${name}@${dueMs}`)
      this.#setNext(cron, dueMs)
      return
    }
    if (cron.missed === 'once') this.#send(cron.record, dueMs, `${name}@${dueMs}`)
    this.#setNext(cron, nowMs)
  }

  #setNext(cron: CronSet, afterMs: number): void {
    const nextMs = nextTime(cron, afterMs)
    if (nextMs === undefined) {
      this.#crons.delete(cron.name)
      return
    }
    this.#crons.put(cron.name, { ...cron, nextMs })
    this.#timers.set(nextMs, cronId(cron.name), { _tag: 'Cron', name: cron.name })
  }

  #send({ topic, partition, key, value, headers, timestamp }: ScheduledRecord, dueMs: number, id: string | null): void {
    const sent = { key, value, timestamp: timestamp ?? dueMs, headers, id }
    // one job delivers for all topics: none of them may hold up the others
    this.#context.outputTo(topic, { bounded: false }).send(partition === null ? sent : { ...sent, partition })
  }
}

const cronId = (name: string): string => `cron/${name}`
