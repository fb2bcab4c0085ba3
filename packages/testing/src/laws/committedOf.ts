import { inspect } from 'node:util'
import { type ConsumedRecord, partsOf, type StoreDefinition, type Topic } from '@weir/core'
import type { Driver } from '../internal/Driver.ts'
import type { LawOptions } from './LawInput.ts'

/** What a run has committed, in a form that can be compared: lines by place, such as `topic 'out', partition 0`. */
export type CommittedState = ReadonlyMap<string, ReadonlyArray<string>>

/** Everything that the job has committed so far: its outputs, its bad records, and its state. */
export const committedOf = async (driver: Driver, options: LawOptions): Promise<CommittedState> => {
  const state = new Map<string, ReadonlyArray<string>>()
  const parts = partsOf(driver.job)
  for (const output of parts.outputs) {
    for (const record of await driver.output(output)) addRecord(state, output, record, options)
  }
  if (options.order === 'unordered') {
    for (const [place, lines] of state) state.set(place, lines.toSorted())
  }
  for (const store of parts.stores) state.set(`store '${store.name}'`, heldBy(driver, store).map(show))
  return state
}

const heldBy = (driver: Driver, { kind, name }: StoreDefinition<unknown, unknown>): ReadonlyArray<unknown> => {
  if (kind === 'map') return [...driver.weir.mapStore<unknown, unknown, unknown>(driver.job, name).entries()]
  const query = driver.store<unknown, unknown>(name)
  return kind === 'key-value' ? [...query.entries()].map(([key, value]) => ({ key, value })) : [...query.windows()]
}

const addRecord = (
  state: Map<string, ReadonlyArray<string>>,
  output: Topic<unknown, unknown>,
  record: ConsumedRecord<unknown, unknown>,
  { order = 'ordered', timestamps = true }: LawOptions,
): void => {
  const { key, value, timestamp, headers, partition } = record
  const ofKey = order === 'byKey' ? `, key ${show(key)}` : ''
  const place = `topic '${output.name}', partition ${partition}${ofKey}`
  const seen = {
    key,
    value,
    ...(timestamps ? { timestamp } : {}),
    ...(Object.keys(headers).length > 0 ? { headers: { ...headers } } : {}),
  }
  state.set(place, [...(state.get(place) ?? []), show(seen)])
}

/** A value in one line, such that equal values have equal lines. */
export const show = (value: unknown): string =>
  inspect(value, {
    depth: null,
    breakLength: Infinity,
    compact: true,
    sorted: true,
    maxArrayLength: null,
    maxStringLength: null,
  })

/** The same records in another order are what two tasks give that write to one partition; that is no fault of the job's. */
const orderHint = (wanted: ReadonlyArray<string>, got: ReadonlyArray<string>): string =>
  show(wanted.toSorted()) === show(got.toSorted())
    ? "\n  the entries are the same, in another order: where several tasks write to one partition, give the law order: 'byKey'"
    : ''

/** Where two runs differ first, in words; undefined when they do not. */
export const differenceOf = (expected: CommittedState, found: CommittedState): string | undefined => {
  for (const place of [...new Set([...expected.keys(), ...found.keys()])].sort()) {
    const [wanted, got] = [expected.get(place) ?? [], found.get(place) ?? []]
    const length = Math.max(wanted.length, got.length)
    for (let index = 0; index < length; index++) {
      if (wanted[index] === got[index]) continue
      const counts =
        got.length === wanted.length ? orderHint(wanted, got) : ` (${got.length} entries instead of ${wanted.length})`
      return `${place}: entry ${index} is ${got[index] ?? 'missing'}\n  expected ${wanted[index] ?? 'none'}${counts}`
    }
  }
  return undefined
}
