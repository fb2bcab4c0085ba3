import type { ConsumedRecord, Job, SinkRecord, StoreDefinition, Topic } from '@weir/core'
import type { Driver } from '../internal/Driver.ts'
import { jobParts } from '../internal/jobParts.ts'
import { readTopic } from '../internal/readTopic.ts'
import type { MemorySink } from '../memorySink.ts'
import type { LawOptions } from './LawInput.ts'
import { show } from './show.ts'

/** What a run has committed, at one moment. */
export interface Committed {
  /** By topic; that of the job's bad records too. */
  readonly outputs: ReadonlyMap<Topic<unknown, unknown>, ReadonlyArray<ConsumedRecord<unknown, unknown>>>
  /** By store: what it holds. */
  readonly stores: ReadonlyMap<string, ReadonlyArray<unknown>>
  /** What is outside. */
  readonly sinks: ReadonlyArray<Written>
}

/** What a sink was given of one partition. */
export interface Written {
  readonly sink: string
  /** Such as `sink 'outside', topic 'in', partition 0`. */
  readonly place: string
  readonly records: ReadonlyArray<SinkRecord<unknown, unknown>>
}

type Given = SinkRecord<unknown, unknown> | ConsumedRecord<unknown, unknown>

/** Something that was committed, as a line that can be compared. */
export interface Entry {
  readonly line: string
  /** What was written; none for what is in a store. */
  readonly of?: Given
  /** The record that it is of; none for what is in a store or a sink. */
  readonly record?: ConsumedRecord<unknown, unknown>
}

/** What is wrong with a run, in words, and the record to which it comes down, if there is one. */
export interface Divergence {
  readonly text: string
  readonly record?: ConsumedRecord<unknown, unknown> | undefined
}

/** Everything that the job has committed so far: its outputs, its bad records, its state, and what is in its sinks. */
export const committedOf = (driver: Driver, sinks: LawOptions['sinks'] = []): Committed => {
  const { outputs, stores } = jobParts(driver.job)
  // that of a sink holds the name that the log was given, by the time of that
  const own = stores.filter(({ name }) => !sinks.some((sink) => sink.name === name))
  return {
    outputs: new Map(outputs.map((output) => [output, readTopic(driver.weir.storage, output)])),
    stores: new Map(own.map((store) => [store.name, heldBy(driver, store)])),
    sinks: sinks.flatMap((sink) => writtenTo(driver.job, sink)),
  }
}

/** What a sink has, by the partitions that it can be of. */
const writtenTo = (job: Job, sink: MemorySink<unknown, unknown>): ReadonlyArray<Written> => {
  const { sources, own } = jobParts(job)
  return [...sources, ...own].flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, (_, partition): Written => ({
      sink: sink.name,
      place: `sink '${sink.name}', topic '${name}', partition ${partition}`,
      records: sink.records({ job: job.name, topic: name, partition }),
    })),
  )
}

const heldBy = (driver: Driver, { kind, name }: StoreDefinition<unknown, unknown>): ReadonlyArray<unknown> => {
  if (kind === 'map') return [...driver.weir.mapStore<unknown, unknown, unknown>(driver.job, name).entries()]
  const query = driver.store<unknown, unknown>(name)
  return kind === 'key-value' ? [...query.entries()].map(([key, value]) => ({ key, value })) : [...query.windows()]
}

/** The entries of the outputs and sinks by place, such as `topic 'out', partition 0`, in the order that counts. */
export const outputEntries = (
  { outputs, sinks }: Committed,
  { order = 'ordered', timestamps = true }: LawOptions,
): ReadonlyMap<string, ReadonlyArray<Entry>> => {
  const places = new Map<string, Entry[]>()
  const add = (where: string, of: Given): void => {
    const place = order === 'byKey' ? `${where}, key ${show(of.key)}` : where
    const entries = places.get(place) ?? []
    entries.push({ line: lineOf(of, timestamps), of, ...('partition' in of ? { record: of } : {}) })
    places.set(place, entries)
  }
  for (const [{ name }, records] of outputs) {
    for (const record of records) add(`topic '${name}', partition ${record.partition}`, record)
  }
  for (const { place, records } of sinks) for (const record of records) add(place, record)
  if (order === 'unordered') for (const entries of places.values()) entries.sort(byLine)
  if (order === 'latest') for (const [place, entries] of places) places.set(place, latestOf(entries))
  return places
}

/** The last entry of each key, unless that is its removal. */
const latestOf = (entries: ReadonlyArray<Entry>): Entry[] => {
  const latest = new Map(entries.map((entry) => [show(entry.of?.key), entry]))
  return [...latest.values()].filter(({ of }) => of?.value !== null).sort(byLine)
}

const byLine = (left: Entry, right: Entry): number => (left.line < right.line ? -1 : left.line > right.line ? 1 : 0)

/** A record in one line, without its place. */
export const lineOf = (
  record: Pick<SinkRecord<unknown, unknown>, 'key' | 'value' | 'timestamp' | 'headers'>,
  timestamps = true,
): string => {
  const { key, value, timestamp, headers } = record
  return show({
    key,
    value,
    ...(timestamps ? { timestamp } : {}),
    ...(Object.keys(headers).length > 0 ? { headers: { ...headers } } : {}),
  })
}

/** The entries of the stores, by place. */
const storeEntries = ({ stores }: Committed): ReadonlyMap<string, ReadonlyArray<Entry>> =>
  new Map([...stores].map(([name, held]) => [`store '${name}'`, held.map((each) => ({ line: show(each) }))]))

/** Where two runs differ first; undefined when they do not. */
export const differenceOf = (expected: Committed, found: Committed, options: LawOptions): Divergence | undefined =>
  firstDifference(outputEntries(expected, options), outputEntries(found, options)) ??
  firstDifference(storeEntries(expected), storeEntries(found))

/** Where entries differ first, place by place. */
export const firstDifference = (
  expected: ReadonlyMap<string, ReadonlyArray<Entry>>,
  found: ReadonlyMap<string, ReadonlyArray<Entry>>,
): Divergence | undefined => {
  for (const place of [...new Set([...expected.keys(), ...found.keys()])].sort()) {
    const [wanted, got] = [expected.get(place) ?? [], found.get(place) ?? []]
    const length = Math.max(wanted.length, got.length)
    for (let index = 0; index < length; index++) {
      if (wanted[index]?.line === got[index]?.line) continue
      const counts =
        got.length === wanted.length ? orderHint(wanted, got) : ` (${got.length} entries instead of ${wanted.length})`
      const text = [
        `${place}: entry ${index} is ${got[index]?.line ?? 'missing'}`,
        `  expected ${wanted[index]?.line ?? 'none'}${counts}`,
      ].join('\n')
      return { text, record: got[index]?.record }
    }
  }
  return undefined
}

/** Records in another order are what several tasks give that write to one partition, and joins; that is no fault of the job's. */
const orderHint = (wanted: ReadonlyArray<Entry>, got: ReadonlyArray<Entry>): string =>
  show(wanted.map(({ line }) => line).sort()) === show(got.map(({ line }) => line).sort())
    ? "\n  the entries are the same, in another order: where several tasks write to one partition, give the law order: 'byKey'; " +
      "where a task reads several topics, as of a join, 'unordered'"
    : ''
