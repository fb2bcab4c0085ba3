import type { AnyOperator } from './Operator.ts'

/** What is expected where nothing is left, for messages. */
export const expectedResult: string =
  'to(topic) or another sink in its pipe(), or, at the end of it, an operator that keeps its result as state, such as count without a window'

/** Whether anything is left of what goes through these operators: a sink takes it, or the last one of them keeps it. */
export const hasResult = (operators: ReadonlyArray<AnyOperator>): boolean =>
  operators.some(({ sink }) => sink === true) || operators.at(-1)?.keepsResult === true
