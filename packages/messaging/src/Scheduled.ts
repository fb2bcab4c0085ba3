/** A record that is to be delivered at its time, as it lies in the topic of the schedules. */
export interface Delivery {
  readonly _tag: 'Delivery'
  /** When it is due, in ms since 1970. */
  readonly atMs: number
  readonly record: ScheduledRecord
}

/** A schedule that is set anew, or replaced. */
export interface CronSet {
  readonly _tag: 'CronSet'
  readonly name: string
  readonly cron: string
  readonly timeZone: string
  readonly missed: Missed
  readonly record: ScheduledRecord
}

/** A schedule that ends. */
export interface CronCancelled {
  readonly _tag: 'CronCancelled'
  readonly name: string
}

/** What is appended to the topic of the schedules. */
export type Scheduled = Delivery | CronSet | CronCancelled

/** What is done about times of a schedule at which nobody was at work: one record for all of them, one for each, or none. */
export type Missed = 'once' | 'each' | 'skip'

/** A record as it will be appended, encoded. */
export interface ScheduledRecord {
  readonly topic: string
  readonly partition: number | null
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Readonly<Record<string, string>> | null
  readonly id: string | null
  /** Event time in ms since 1970; the time of delivery when null. */
  readonly timestamp: number | null
}
