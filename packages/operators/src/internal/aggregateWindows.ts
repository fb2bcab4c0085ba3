import { operate, type StoreDefinition, type StreamRecord, type TaskContext, type Window } from '@weir/core'
import type { OperatorFunction, Subscriber } from 'rxjs'
import type { AnyWindowedOptions } from '../aggregate.ts'
import type { HoppingWindows } from '../hopping.ts'
import type { TumblingWindows } from '../tumbling.ts'
import { atClose } from './atClose.ts'
import { windowTime } from './WindowTime.ts'

/** What is folded by windows that begin at fixed times. */
export interface FixedWindowsOptions<K, V, A> extends AnyWindowedOptions<K, V, A> {
  readonly window: TumblingWindows | HoppingWindows
}

/** Folds by window, and gives each window on when time has passed its end and grace, in the order of time. */
export const aggregateWindows = <K, V, A>(
  context: TaskContext,
  definition: StoreDefinition<K, A>,
  options: FixedWindowsOptions<K, V, A>,
): OperatorFunction<StreamRecord<K, V>, StreamRecord<K, A>> => {
  const { window: windows, initial, add, emit } = options
  const { sizeMs } = windows
  const store = context.windowStore(definition)
  const time = windowTime(windows.time, context)
  const late = options.late === undefined ? undefined : context.output(options.late)
  const span = sizeMs + windows.graceMs

  const closeUpTo = (reached: number, out: Subscriber<StreamRecord<K, A>>): void => {
    for (let start = store.earliest(); start < Infinity && start + span <= reached; start = store.earliest()) {
      const window = { start, end: start + sizeMs }
      const taken = store.take(start)
      if (emit !== 'update') for (const [key, value] of taken) out.next(atClose(key, value, window))
    }
    time.settle(reached)
  }

  const valueIn = (window: Window, record: StreamRecord<K, V>): A => {
    const before = store.get(record.key, window.start)
    return add(before === undefined ? initial(record.key, window) : before, record.value, record)
  }

  const put = (window: Window, record: StreamRecord<K, V>, value: A, out: Subscriber<StreamRecord<K, A>>): void => {
    store.put(record.key, window.start, value)
    if (emit === 'update') out.next({ ...record, value, window, stored: undefined })
  }

  /** Whether the record was late for none of its windows. */
  const addTo = (record: StreamRecord<K, V>, out: Subscriber<StreamRecord<K, A>>): boolean => {
    const at = time.of(record)
    const passed = time.passed(record)
    if (windows.kind === 'tumbling') {
      const window = windows.windowOf(at)
      if (window.start + span <= passed) return false
      put(window, record, valueIn(window, record), out)
      return true
    }
    const all = windows.windowsOf(at)
    const open = all.filter(({ start }) => start + span > passed)
    // nothing changes before the last of them, where user code may throw
    const values = open.map((window) => valueIn(window, record))
    open.forEach((window, index) => put(window, record, values[index]!, out))
    return open.length === all.length
  }

  time.wakeAt(store.earliest() + span)
  return operate({
    next: (record, out) => {
      if (!addTo(record, out)) {
        context.count('late', 1)
        late?.send(record)
      }
      const reached = time.reachedBy(record)
      if (store.earliest() + span <= reached) context.unblamed(() => closeUpTo(reached, out))
    },
    complete: (out) => {
      closeUpTo(time.reached(), out)
      time.wakeAt(store.earliest() + span)
    },
  })
}
