import type { Weir } from '@weir/core'
import type { OperatorJob, Order, Output } from './operatorJobs.ts'

/** What there is of a job at the end, as text: what is promised to be the same in every run, and no more. */
export const resultsOf = async (weir: Weir, { job, outputs, stores }: OperatorJob): Promise<Record<string, object>> => {
  const results: Record<string, object> = {}
  for (const output of outputs)
    results[`topic ${output.topic.name}`] = arranged[output.order](await recordsOf(weir, output))
  for (const store of stores) {
    const entries =
      typeof store === 'string' ? weir.store(job, store).entries() : weir.mapStore(job, store.map).entries()
    results[`store ${JSON.stringify(store)}`] = [...entries].map((entry) => JSON.stringify(entry))
  }
  return results
}

interface Result {
  readonly key: string
  readonly value: unknown
  readonly timestamp: number
}

/** Those of a key in their order. */
export const recordsOf = async (weir: Weir, { topic }: Pick<Output, 'topic'>): Promise<ReadonlyArray<Result>> => {
  const results: Result[] = []
  for await (const record of weir.topic(topic).from('earliest').toEnd()) {
    if (record._tag === 'BadRecord') throw new Error(record.failure.reason)
    results.push({ key: record.key, value: record.value, timestamp: record.timestamp })
  }
  return results
}

const textOf = ({ value, timestamp }: Result): string => `${JSON.stringify(value)} at ${timestamp}`

/** Results as they are compared. */
export const arranged: Record<Order, (results: ReadonlyArray<Result>) => object> = {
  byKey: (results) =>
    Object.fromEntries([...Map.groupBy(results, ({ key }) => key)].map(([key, of]) => [key, of.map(textOf)])),
  unordered: (results) => results.map((result) => `${result.key}: ${textOf(result)}`).toSorted(),
  latest: (results) => tableOf(results),
}

/** The last value of each key that has one. */
export const tableOf = <V>(
  results: ReadonlyArray<{ readonly key: string; readonly value: V }>,
): Record<string, NonNullable<V>> =>
  Object.fromEntries(
    [...new Map(results.map(({ key, value }) => [key, value]))].flatMap(([key, value]) =>
      value === null || value === undefined ? [] : [[key, value]],
    ),
  )
