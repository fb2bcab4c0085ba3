import type { OperatorFunction } from 'rxjs'
import type { AnyOperator, TaskContext } from './Operator.ts'
import type { StreamRecord } from './StreamRecord.ts'

type AnyRecord = StreamRecord<unknown, unknown>

/**
 * Attaches operators that follow each other. For each of them event time lies as far back as those before it hold
 * records back, so that what they give on late in a window is not late.
 *
 * @returns their RxJS functions, in order
 */
export const attachAll = (
  operators: ReadonlyArray<AnyOperator>,
  context: TaskContext,
): ReadonlyArray<OperatorFunction<AnyRecord, AnyRecord>> => {
  let heldMs = 0
  return operators.map((operator) => {
    const attached = operator.attach(heldMs === 0 ? context : heldBack(context, heldMs)) as OperatorFunction<
      AnyRecord,
      AnyRecord
    >
    heldMs += operator.holdsMs ?? 0
    return attached
  })
}

/** How long operators that follow each other hold records back, in ms of event time. */
export const heldBackMs = (operators: ReadonlyArray<AnyOperator>): number =>
  operators.reduce((sum, { holdsMs = 0 }) => sum + holdsMs, 0)

const heldBack = (context: TaskContext, heldMs: number): TaskContext => ({
  ...context,
  watermark: () => context.watermark() - heldMs,
})
