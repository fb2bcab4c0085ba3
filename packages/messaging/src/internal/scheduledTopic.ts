import { msgpack, type Topic, topic, utf8 } from '@weir/core'
import type { Scheduled } from '../Scheduled.ts'

/** Where records wait that are delivered later; the job of `openSchedules` reads it. */
export const scheduled: Topic<string, Scheduled> = topic('weir-schedules', {
  key: utf8,
  value: msgpack<Scheduled>(),
  partitions: 4,
  recordBytesMax: 2 ** 30,
  // what was read waits in the job's timers
  retention: { untilConsumedBy: ['weir-schedules'] },
})
