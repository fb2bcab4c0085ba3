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

  const closeDue = (out: Subscriber<StreamRecord<K, A>>): void => {
    const watermark = context.watermark()
    for (let start = store.earliest(); start < Infinity && start + span <= watermark; start = store.earliest()) {
      const window = windows.windowOf(start)
      for (const [key, value] of store.take(start)) {
        if (emit === 'close') {
          const timestamp = window.end - 1
          out.next({ key, value, timestamp, watermark, headers: null, window, encodedValue: undefined })
        }
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
        const value = add(store.get(key, window.start) ?? initial(key, window), record.value, record)
        store.put(key, window.start, value)
        if (emit === 'update') out.next({ ...record, value, window, encodedValue: undefined })
      }
      if (store.earliest() + span <= context.watermark()) closeDue(out)
    },
    complete: closeDue,
  })
}
