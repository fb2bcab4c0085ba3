import { InvalidOption } from '@weir/core'
import type { ExchangeType } from '../exchange.ts'
import type { Rules } from '../Rules.ts'
import { patternWords } from '../topicPattern.ts'

/**
 * Checks a rule, and gives it in the one form that it is stored in.
 *
 * @throws InvalidPattern, InvalidOption
 */
export const requireRule = <T extends ExchangeType>(exchange: string, type: T, rule: Rules[T]): Rules[T] =>
  checks[type](rule, (given, expected) => {
    throw new InvalidOption(`exchange '${exchange}': a ${type} binding has ${given}; expected ${expected}`)
  })

type Refuse = (given: string, expected: string) => never

const checks: { readonly [T in ExchangeType]: (rule: Rules[T], refuse: Refuse) => Rules[T] } = {
  direct: ({ routingKey }, refuse) =>
    typeof routingKey === 'string' ? { routingKey } : refuse(`the routing key ${String(routingKey)}`, 'text'),
  topic: ({ pattern }) => {
    patternWords(pattern)
    return { pattern }
  },
  fanout: () => ({}),
  headers: ({ headers, match = 'all' }, refuse) => {
    if (match !== 'all' && match !== 'any') refuse(`match ${String(match)}`, `'all' or 'any'`)
    return { headers: sorted(headers, (value) => value === null || typeof value === 'string', refuse), match }
  },
  hash: ({ weight = 1 }, refuse) =>
    weight > 0 && weight < Infinity ? { weight } : refuse(`the weight ${String(weight)}`, 'a number above 0'),
  custom: ({ parameters = {} }, refuse) => ({
    parameters: sorted(parameters, (value) => typeof value === 'string', refuse),
  }),
}

const sorted = <A>(
  record: Readonly<Record<string, A>>,
  isValid: (value: A) => boolean,
  refuse: Refuse,
): Record<string, A> => {
  if (typeof record !== 'object' || record === null) return refuse(String(record), 'names and values')
  const entries = Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [name, value] of entries) if (!isValid(value)) refuse(`'${name}' of type ${typeof value}`, 'text')
  return Object.fromEntries(entries)
}
