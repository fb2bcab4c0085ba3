import { hours, int, int32, type Job, job, topic, utf8 } from '@weir/core'
import { count, fork, mapState, process, recordTimestamps, to, tumbling, valueState } from '@weir/operators'

export const sales = topic('sales', { key: utf8, value: int32, partitions: 3 })
export const sums = topic('sums', { key: utf8, value: int32, partitions: 2 })
const counts = topic('counts', { key: utf8, value: int32 })

/** The sum of each key, by second too, and a count in windows that stay open. */
export const tally: Job = job('tally')
  .from(sales, recordTimestamps({ outOfOrdernessMs: hours(1) }))
  .pipe(
    fork((line) => line.pipe(count('counted', { window: tumbling(1_000) }), to(counts))),
    process('tally', {
      state: { sum: valueState(int32), seconds: mapState(int, int32) },
      emits: int32,
      onRecord: ({ value, timestamp }, { state, emit }) => {
        const second = Math.floor(timestamp / 1_000)
        const sum = (state.sum.get() ?? 0) + value
        state.sum.put(sum)
        state.seconds.put(second, (state.seconds.get(second) ?? 0) + value)
        emit(sum)
      },
    }),
    to(sums),
  )
