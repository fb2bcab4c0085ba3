import type { AnyOperator } from './Operator.ts'

/** Whether anything is left of what goes through these operators: a sink takes it, or the last one of them keeps it. */
export const hasResult = (operators: ReadonlyArray<AnyOperator>): boolean =>
  operators.some(({ sink }) => sink === true) || operators.at(-1)?.keepsResult === true
