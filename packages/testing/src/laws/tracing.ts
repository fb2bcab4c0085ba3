import { type ConsumedRecord, InvalidOption, type Job, type Topic } from '@weir/core'
import { jobParts } from '../internal/jobParts.ts'
import type { LawOptions } from './LawInput.ts'
import { show } from './show.ts'

/** What a record of a topic is known by; see `knownBy`. */
export interface Trace {
  readonly topic: Topic<unknown, unknown>
  readonly idOf: (record: ConsumedRecord<unknown, unknown>) => unknown
}

/** The relation of a job's input and output. */
export interface TracedOptions extends LawOptions {
  /** What the records of the sources are known by; a source that is left out may come to nothing. */
  readonly from: ReadonlyArray<Trace>
  /** What the records of the outputs say they come from; dead letters and late records are outputs too. */
  readonly to: ReadonlyArray<Trace>
}

/**
 * Says what the records of a topic are known by, for the laws that follow records from input to output: a value that is
 * equal for an input record and what comes of it, such as an order's number. `undefined` for records that do not matter.
 *
 * @example
 * import { json, topic, utf8 } from '@weir/core'
 * import * as t from 'io-ts'
 *
 * const orders = topic('orders', { key: utf8, value: json(t.type({ number: t.number })) })
 * knownBy(orders, ({ value }) => value.number).topic.name // => 'orders'
 */
export const knownBy = <K, V>(topic: Topic<K, V>, idOf: (record: ConsumedRecord<K, V>) => unknown): Trace => ({
  topic: topic as unknown as Topic<unknown, unknown>,
  idOf: idOf as Trace['idOf'],
})

/** What a record is known by, as text; `undefined` for one that does not matter. */
export const traceOf = (traces: ReadonlyArray<Trace>, record: ConsumedRecord<unknown, unknown>): string | undefined => {
  const id = traces.find(({ topic }) => topic.name === record.topic)?.idOf(record)
  return id === undefined ? undefined : show(id)
}

/** @throws InvalidOption for traces of topics that the job does not read or write, or none: the law would prove nothing */
export const requireTraces = (job: Job, { from, to }: TracedOptions): void => {
  const { sources, outputs } = jobParts(job)
  requireOf(job, 'from', from, sources)
  requireOf(job, 'to', to, outputs)
}

const requireOf = (
  job: Job,
  option: 'from' | 'to',
  traces: ReadonlyArray<Trace>,
  topics: ReadonlyArray<Topic<unknown, unknown>>,
): void => {
  const names = topics.map(({ name }) => name)
  const known = names.map((name) => `'${name}'`).join(', ')
  const stranger = traces.find(({ topic }) => !names.includes(topic.name))
  if (traces.length > 0 && stranger === undefined) return
  const given = stranger === undefined ? 'nothing' : `topic '${stranger.topic.name}'`
  throw new InvalidOption(`law over job '${job.name}': ${option} names ${given}; expected knownBy() of ${known}`)
}
