import { invariant, type Topic, type TopicInfo } from '@weir/core'
import type { ClosedBatch } from '@weir/core/protocol'
import { RecordBatch } from '@weir/core/storage'
import type { ScheduledRecord } from '../Scheduled.ts'
import { oneRecord } from './oneRecord.ts'
import { scheduled } from './scheduledTopic.ts'

/** When and as what a record is delivered that is written already. */
export interface LaterDelivery {
  readonly atMs: number
  /** Of what waits: equal for what is known by one id, so that it is in one partition. */
  readonly place: string
  /** Under which what waits is known; null when it need not be. */
  readonly id: string | null
  /** Event time of the record; null for the time of delivery. */
  readonly timestamp: number | null
  readonly now: number
}

/**
 * The batch that has a record delivered later, when it is appended to the topic of the schedules.
 *
 * @param to - the record's topic
 * @param info - the place of the topic of the schedules
 */
export const scheduledBatch = (
  to: Topic<never, never>,
  written: ClosedBatch,
  info: TopicInfo,
  { atMs, place, id, timestamp, now }: LaterDelivery,
): ClosedBatch => {
  const batch = RecordBatch.view(written.append.batch, 0)
  const record: ScheduledRecord = {
    topic: to.name,
    partition: written.partition,
    key: batch.key(0),
    value: batch.value(0),
    headers: { ...batch.headers(0) },
    id: batch.id(0),
    timestamp,
  }
  return oneRecord(scheduled, info, { key: place, value: { _tag: 'Delivery', atMs, record }, timestamp: now, id })
}

/** The record that a batch of `scheduledBatch` has delivered. */
export const scheduledRecord = (batch: RecordBatch): ScheduledRecord => {
  const decoded = scheduled.value.decode(batch.value(0)!)
  invariant(decoded._tag === 'Right' && decoded.right._tag === 'Delivery', 'a half message for later holds a delivery')
  return decoded.right.record
}
