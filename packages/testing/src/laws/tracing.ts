import { type ConsumedRecord, InvalidOption, type Job, type SinkRecord, type Topic } from '@weir/core'
import { requireFunction, requireTopic } from '@weir/core/protocol'
import { jobParts } from '../internal/jobParts.ts'
import type { MemorySink } from '../memorySink.ts'
import { type Committed, lineOf } from './Committed.ts'
import { type LawOptions, requireLawOptions } from './LawInput.ts'
import { show } from './show.ts'

/** What a record of a topic is known by; see `knownBy`. */
export interface Trace {
  readonly topic: Topic<unknown, unknown>
  readonly idOf: (record: ConsumedRecord<unknown, unknown>) => unknown
}

/** What a record in a sink is known by; see `knownBy`. */
export interface SinkTrace {
  readonly sink: MemorySink<unknown, unknown>
  readonly idOf: (record: SinkRecord<unknown, unknown>) => unknown
}

/** The relation of a job's input and output. */
export interface TracedOptions extends LawOptions {
  /** What the records of the sources are known by; a source that is left out may come to nothing. */
  readonly from: ReadonlyArray<Trace>
  /**
   * What the records of the outputs say they come from; dead letters and late records are outputs too, and so is what was
   * written to the sinks that `sinks` names.
   */
  readonly to: ReadonlyArray<Trace | SinkTrace>
}

/**
 * Says what the records of a topic, or those in a sink, are known by, for the laws that follow records from input to output: a
 * value that is equal for an input record and what comes of it, such as an order's number. `undefined` for records that do not
 * matter.
 *
 * @throws InvalidOption
 * @example
 * import { json, topic, utf8 } from '@weir/core'
 * import * as t from 'io-ts'
 *
 * const orders = topic('orders', { key: utf8, value: json(t.type({ number: t.number })) })
 * knownBy(orders, ({ value }) => value.number).topic.name // => 'orders'
 *
 * const bills = memorySink<string, string>('bills')
 * knownBy(bills, ({ value }) => Number(value.slice(5))).sink.name // => 'bills'
 */
export function knownBy<K, V>(topic: Topic<K, V>, idOf: (record: ConsumedRecord<K, V>) => unknown): Trace
export function knownBy<K, V>(sink: MemorySink<K, V>, idOf: (record: SinkRecord<K, V>) => unknown): SinkTrace
export function knownBy(of: object, idOf: (record: never) => unknown): Trace | SinkTrace {
  const isSink = typeof (of as Partial<MemorySink<unknown, unknown>> | undefined)?.clear === 'function'
  if (!isSink) requireTopic('knownBy: the topic', of)
  requireFunction('knownBy: idOf', idOf)
  return (isSink ? { sink: of, idOf } : { topic: of, idOf }) as Trace | SinkTrace
}

/** What a record is known by, as text; `undefined` for one that does not matter. */
export const traceOf = (
  traces: ReadonlyArray<Trace | SinkTrace>,
  record: ConsumedRecord<unknown, unknown>,
): string | undefined =>
  textOf(
    traces.find((trace): trace is Trace => 'topic' in trace && trace.topic.name === record.topic),
    record,
  )

const textOf = <R>(trace: { readonly idOf: (record: R) => unknown } | undefined, record: R): string | undefined => {
  const id = trace?.idOf(record)
  return id === undefined ? undefined : show(id)
}

/** Something that has come of the input. */
export interface Outcome {
  /** What it is known by. */
  readonly id: string
  /** Such as `offset 3`. */
  readonly at: string
  readonly line: string
  /** The record that it is; none for what is in a sink. */
  readonly record?: ConsumedRecord<unknown, unknown>
}

/** What has come of the input, in order, by place: of each partition of an output, and of each that a sink was given. */
export const outcomesOf = (
  { outputs, sinks }: Committed,
  traces: TracedOptions['to'],
): ReadonlyMap<string, ReadonlyArray<Outcome>> => {
  const places = new Map<string, Outcome[]>()
  const add = (place: string, { id, ...rest }: { readonly id: string | undefined } & Omit<Outcome, 'id'>): void => {
    if (id === undefined) return
    const outcomes = places.get(place) ?? []
    places.set(place, outcomes)
    outcomes.push({ id, ...rest })
  }
  for (const record of [...outputs.values()].flat()) {
    const { topic, partition, offset } = record
    const id = traceOf(traces, record)
    add(`topic '${topic}', partition ${partition}`, { id, at: `offset ${offset}`, line: lineOf(record), record })
  }
  for (const { sink, place, records } of sinks) {
    const trace = traces.find((each): each is SinkTrace => 'sink' in each && each.sink.name === sink)
    for (const [index, record] of records.entries()) {
      add(place, { id: textOf(trace, record), at: `entry ${index}`, line: lineOf(record) })
    }
  }
  return places
}

/**
 * @throws InvalidJob for what is no job; InvalidOption for traces of topics that the job does not read or write, of sinks that the law is not told of, or none: the law
 * would prove nothing
 */
export const requireTraces = (law: string, job: Job, options: TracedOptions): void => {
  requireLawOptions(law, job, options)
  const { from, to, sinks = [] } = options
  const { sources, outputs } = jobParts(job)
  requireOf(job, 'from', from, sources.map(topicText))
  requireOf(job, 'to', to, [...outputs.map(topicText), ...sinks.map(sinkText)])
}

const topicText = ({ name }: { readonly name: string }): string => `topic '${name}'`
const sinkText = ({ name }: { readonly name: string }): string => `sink '${name}'`

/** As programs without types have them, such as topics as they are. */
const traceText = (trace: Trace | SinkTrace | undefined): string => {
  if (typeof trace?.idOf !== 'function') return 'what knownBy() has not given'
  return 'sink' in trace ? sinkText(trace.sink) : topicText(trace.topic)
}

const requireOf = (
  job: Job,
  option: 'from' | 'to',
  traces: ReadonlyArray<Trace | SinkTrace>,
  known: ReadonlyArray<string>,
): void => {
  const given = (Array.isArray(traces) ? traces : []).map(traceText)
  const stranger = given.length === 0 ? 'nothing' : given.find((text) => !known.includes(text))
  if (stranger === undefined) return
  throw new InvalidOption(
    `law over job '${job.name}': ${option} names ${stranger}; expected knownBy() of ${known.join(', ')}`,
  )
}
