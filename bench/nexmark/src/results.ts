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
  const textOf = texts()
  const add = (result: Result, by: number): void => {
    const text = textOf(result)
    counts.set(text, (counts.get(text) ?? 0) + by)
  }
  for (const result of expected) add(result, 1)
  for (const result of found) add(result, -1)
  const missing: string[] = []
  const unexpected: string[] = []
  for (const [result, count] of counts) {
    if (count > 0) missing.push(result)
    if (count < 0) unexpected.push(result)
  }
  return { missing, unexpected }
}

/** The text of a result: its columns, sorted, and their values as JSON. Most results have columns like those before them. */
const texts = (): ((result: Result) => string) => {
  const sorted = new Map<string, { readonly columns: ReadonlyArray<string>; readonly head: string }>()
  return (result) => {
    const given = Object.keys(result)
    let found = sorted.get(given.join())
    if (found === undefined) {
      const columns = given.toSorted()
      sorted.set(given.join(), (found = { columns, head: columns.join() }))
    }
    return `${found.head}: ${JSON.stringify(found.columns.map((column) => result[column]))}`
  }
}

/** Whether there is none. */
export const isEqual = ({ missing, unexpected }: Difference): boolean => missing.length === 0 && unexpected.length === 0
