import { Observable, type OperatorFunction } from 'rxjs'
import type { AnyOperator, TaskContext } from './Operator.ts'
import type { StreamRecord } from './StreamRecord.ts'

type AnyRecord = StreamRecord<unknown, unknown>

/**
 * Attaches operators that follow each other. For each of them event time lies as far back as those before it hold
 * records back, so that what they give on late in a window is not late.
 *
 * @returns their RxJS functions, in order; what they throw or let go wrong is remembered, see `whereItFailed`
 */
export const attachAll = (
  operators: ReadonlyArray<AnyOperator>,
  context: TaskContext,
): ReadonlyArray<OperatorFunction<AnyRecord, AnyRecord>> => {
  let heldMs = 0
  return operators.map((operator) => {
    const attached = attach(operator, heldMs === 0 ? context : heldBack(context, heldMs))
    heldMs += operator.holdsMs ?? 0
    return watched(operator, attached)
  })
}

/** The operator that an error came from, in words: `operator map`, `operator aggregate 'delays'`. */
export const whereItFailed = (error: unknown): string => {
  const operator = typeof error === 'object' && error !== null ? failedIn.get(error) : undefined
  if (operator === undefined) return 'an operator'
  const { kind, name } = operator
  return name === kind ? `operator ${kind}` : `operator ${kind} '${name}'`
}

/** The innermost operator that an error came from. */
const failedIn = new WeakMap<object, AnyOperator>()

const note = (operator: AnyOperator, error: unknown): void => {
  if (typeof error === 'object' && error !== null && !failedIn.has(error)) failedIn.set(error, operator)
}

const attach = (operator: AnyOperator, context: TaskContext): OperatorFunction<AnyRecord, AnyRecord> => {
  try {
    return operator.attach(context)
  } catch (error) {
    note(operator, error)
    throw error
  }
}

/** Notes which operator an error comes from. Records pass no further subscriber for that: only how `out` fails is changed. */
const watched =
  (operator: AnyOperator, attached: OperatorFunction<AnyRecord, AnyRecord>): OperatorFunction<AnyRecord, AnyRecord> =>
  (source) =>
    new Observable((out) => {
      const fail = out.error.bind(out)
      out.error = (error: unknown) => {
        note(operator, error)
        fail(error)
      }
      return attached(source).subscribe(out)
    })

/** How long operators that follow each other hold records back, in ms of event time. */
export const heldBackMs = (operators: ReadonlyArray<AnyOperator>): number =>
  operators.reduce((sum, { holdsMs = 0 }) => sum + holdsMs, 0)

const heldBack = (context: TaskContext, heldMs: number): TaskContext => ({
  ...context,
  watermark: () => context.watermark() - heldMs,
})
