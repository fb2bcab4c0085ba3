import type { Query, Result } from './Query.ts'

/** What a query's job has come to, by the records of its output. */
export const resultsOf = (
  { result }: Query,
  records: ReadonlyArray<{ readonly key: number; readonly value: unknown }>,
): ReadonlyArray<Result> => {
  const values = records.map(({ key, value }): [number, Result] => [key, value as Result])
  return result === 'all' ? values.map(([, value]) => value) : [...new Map(values).values()]
}

/** The results that only one side has, or has more often; in any order. Equal results give none. */
export interface Difference {
  readonly missing: ReadonlyArray<string>
  readonly unexpected: ReadonlyArray<string>
}

/** Compares results as a bag: their order does not matter, and how often each is there does. */
export const differenceOf = (expected: ReadonlyArray<Result>, found: ReadonlyArray<Result>): Difference => {
  const counts = new Map<string, number>()
  for (const result of expected) add(counts, result, 1)
  for (const result of found) add(counts, result, -1)
  const missing: string[] = []
  const unexpected: string[] = []
  for (const [result, count] of counts) {
    if (count > 0) missing.push(result)
    if (count < 0) unexpected.push(result)
  }
  return { missing, unexpected }
}

const add = (counts: Map<string, number>, result: Result, by: number): void => {
  const text = JSON.stringify(Object.entries(result).sort(([left], [right]) => (left < right ? -1 : 1)))
  counts.set(text, (counts.get(text) ?? 0) + by)
}

/** Whether there is none. */
export const isEqual = ({ missing, unexpected }: Difference): boolean => missing.length === 0 && unexpected.length === 0
