import { unexpected } from '../codec/unexpected.ts'
import { InvalidJob } from '../model/errors.ts'
import type { Flows } from './Flow.ts'
import type { AnyOperator } from './Operator.ts'

/**
 * Refuses what is no job, such as the name of one.
 *
 * @throws InvalidJob
 */
export const requireJob = (what: string, given: unknown): void => {
  const { name, flows } = (given ?? {}) as Partial<Flows>
  if (typeof name === 'string' && Array.isArray(flows)) return
  throw new InvalidJob(unexpected(what, given, "one such as job('count').from(words).pipe(count('counted'))"))
}

/**
 * Refuses what is no operator, such as a function that gives one.
 *
 * @throws InvalidJob
 */
export const requireOperator = (what: string, given: unknown): void => {
  const { kind, attach } = (given ?? {}) as Partial<AnyOperator>
  if (typeof kind === 'string' && typeof attach === 'function') return
  throw new InvalidJob(unexpected(what, given, 'an operator such as map(String), or rx(operator) for one of RxJS'))
}
