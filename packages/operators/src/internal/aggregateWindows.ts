import { operate, type StreamRecord, type TaskContext, type WindowStore } from '@weir/core'
import type { OperatorFunction, Subscriber } from 'rxjs'
import type { WindowedAggregateOptions } from '../aggregate.ts'

/** Folds by window, and gives each window on when the watermark has passed its end and grace, in the order of time. */
export const aggregateWindows = <K, V, A>(
  context: TaskContext,
  store: WindowStore<K, A>,
  options: WindowedAggregateOptions<K, V, A>,
): OperatorFunction<StreamRecord<K, V>, StreamRecord<K, A>> => {
  const { window: windows, initial, add, emit = 'close' } = options
  const late = options.late === undefined ? undefined : context.output(options.late)
  const span = windows.sizeMs + windows.graceMs

  const closeUpTo = (watermark: number, out: Subscriber<StreamRecord<K, A>>): void => {
    for (let start = store.earliest(); start < Infinity && start + span <= watermark; start = store.earliest()) {
      const window = windows.windowOf(start)
      const timestamp = window.end - 1
      for (const [key, value] of store.take(start)) {
        if (emit === 'update') continue
        // as of its own time, not of the one that has come, in which the windows behind this operator could be over
        out.next({ key, value, timestamp, watermark: timestamp, headers: null, window, encodedValue: undefined })
      }
    }
  }

  return operate({
    next: (record, out) => {
      const window = windows.windowOf(record.timestamp)
      if (window.start + span <= record.watermark) {
        context.count('late', 1)
        late?.send(record)
      } else {
        const { key } = record
        const before = store.get(key, window.start)
        const value = add(before === undefined ? initial(key, window) : before, record.value, record)
        store.put(key, window.start, value)
        if (emit === 'update') out.next({ ...record, value, window, encodedValue: undefined })
      }
      // not beyond the record's own: others of that time, held back before this operator, may be right behind it
      const watermark = Math.min(context.watermark(), record.watermark)
      if (store.earliest() + span <= watermark) closeUpTo(watermark, out)
    },
    complete: (out) => closeUpTo(context.watermark(), out),
  })
}
