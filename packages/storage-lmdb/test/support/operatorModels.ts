import type { Topic } from '@weir/core'
import { columns, events, inputs, names, rows } from './operatorInputs.ts'
import { tableKeyOf } from './operatorJobs.ts'
import { arranged, tableOf } from './operatorResults.ts'

// What some of the jobs give, as a plain computation over all that they read.

const recordsIn = <V>(topic: Topic<string, V>) =>
  inputs
    .flat()
    .filter((each) => each.topic.name === topic.name)
    .map(({ key, value, options }) => ({ key: key as string, value: value as V, timestamp: options.timestamp! }))

const left = tableOf(recordsIn(rows))
const right = tableOf(recordsIn(columns))
const named = tableOf(recordsIn(names))

/** For each of the keys what is made of it, unless that is nothing. */
const each = (keys: ReadonlyArray<string>, of: (key: string) => unknown): Record<string, unknown> =>
  Object.fromEntries(keys.map((key) => [key, of(key)]).filter(([, made]) => made !== undefined))

const keys = [...new Set([...Object.keys(left), ...Object.keys(right)])]
const nameOf = (key: string): string | undefined => named[left[key]![0]]

/** What was found in the table as it was before the stream began, of each key in the order of its records. */
const found = (isLeft: boolean): object => {
  const results = recordsIn(events).flatMap(({ key, value, timestamp }) => {
    const name = named[tableKeyOf(value) ?? ''] ?? null
    return name === null && !isLeft ? [] : { key, value: [value, name], timestamp }
  })
  return arranged.byKey(results)
}

/** What is made of all left rows that name the same, unless there are none. */
const byName = (of: (numbers: ReadonlyArray<number>) => number, isIn: (n: number) => boolean): object => {
  const kept = Object.values(left).filter(([, n]) => isIn(n))
  const groups = Map.groupBy(kept, ([name]) => name)
  return Object.fromEntries([...groups].map(([name, group]) => [name, of(group.map(([, n]) => n))]))
}

/** The results of a job by its name: of tables the last one of each key. */
export const models: Readonly<Record<string, unknown>> = {
  joinTables: each(keys, (key) => (key in left && key in right ? [left[key], right[key]] : undefined)),
  leftJoinTables: each(Object.keys(left), (key) => [left[key], right[key] ?? null]),
  outerJoinTables: each(keys, (key) => [left[key] ?? null, right[key] ?? null]),
  joinForeignKey: each(Object.keys(left), (key) => (nameOf(key) === undefined ? undefined : [left[key], nameOf(key)])),
  leftJoinForeignKey: each(Object.keys(left), (key) => [left[key], nameOf(key) ?? null]),
  aggregateTable: byName(
    (numbers) => numbers.reduce((sum, n) => sum + n * 2, 0),
    (n) => n % 4 !== 0,
  ),
  countTable: byName(
    ({ length }) => length,
    () => true,
  ),
  joinGlobalTable: found(false),
  leftJoinGlobalTable: found(true),
}
