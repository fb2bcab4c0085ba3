import { InvalidOption, type Job, type ProducerRecord, type Topic } from '@weir/core'
import { requireJob, requireKnown, requireTopic, unexpected } from '@weir/core/protocol'
import type fc from 'fast-check'
import { type FaultPlan, requirePlan } from '../Fault.ts'
import { jobParts } from '../internal/jobParts.ts'
import { requireArbitrary } from '../internal/requireArbitrary.ts'
import type { MemorySink } from '../memorySink.ts'

/** What a law feeds to one of a job's sources. */
export interface LawInput {
  readonly topic: Topic<unknown, unknown>
  readonly records: fc.Arbitrary<ReadonlyArray<ProducerRecord<unknown, unknown>>>
}

/**
 * Records for a source of the job under a law.
 *
 * @param records - one piece of input; see `arbitraryRecords`. A record without a timestamp gets 0, so that runs can be compared
 * @throws InvalidOption
 */
export const inputTo = <K, V>(
  topic: Topic<K, V>,
  records: fc.Arbitrary<ReadonlyArray<ProducerRecord<K, V>>>,
): LawInput => {
  requireTopic('inputTo: the topic', topic)
  requireArbitrary('inputTo: the records', records, 'an arbitrary such as arbitraryRecords() gives')
  return {
    topic: topic as unknown as Topic<unknown, unknown>,
    // a repeat stays the same object as the record that it repeats, by which a failure can say so
    records: records.map((all) =>
      all.map((record) => (record.timestamp === undefined ? { ...record, timestamp: 0 } : record)),
    ),
  }
}

/**
 * What must be equal of the records in a partition of an output.
 *
 * - `ordered`: all of them, in order.
 * - `byKey`: those of each key, in order.
 * - `unordered`: all of them, in any order.
 * - `latest`: the last one of each key, and none of a key that ends with `null`: the table that they make.
 */
export type OutputOrder = 'ordered' | 'byKey' | 'unordered' | 'latest'

/** What the laws over jobs have in common. */
export interface LawOptions {
  /** At least one; a source that is left out stays empty. */
  readonly inputs: ReadonlyArray<LawInput>
  /**
   * `ordered` by default. After a `keyBy` the records of several source partitions meet in an order that no system can
   * repeat, and so do the results of several tasks that write to one partition: such jobs are `byKey` or `unordered`. Joins of
   * tables, whose results on the way depend on that order too, are `latest`.
   */
  readonly order?: OutputOrder
  /** Whether the outputs' timestamps count; true by default. */
  readonly timestamps?: boolean
  /**
   * What becomes of records that the job cannot process or decode: `reject`, the default, breaks the law, since a job that
   * sets every record aside would keep it; `set-aside` compares what was set aside as one of the outputs.
   */
  readonly badRecords?: 'reject' | 'set-aside'
  /**
   * The job's sinks in memory: each run of the law begins with nothing in them, and what was written to them is compared as an
   * output is. One that is left out keeps what earlier runs have written, which ends a run with `SinkMismatch`. None by default.
   */
  readonly sinks?: ReadonlyArray<MemorySink<unknown, unknown>>
  /**
   * Faults of your own, which strike every run that is judged, beside those that a law draws itself: `[strike(on('read'), slow(20))]`.
   * None by default.
   */
  readonly faults?: FaultPlan
}

/** Each law knows some of them. */
const optionNames = [
  ...['inputs', 'order', 'timestamps', 'badRecords', 'sinks', 'faults', 'faultsMax', 'commitsMax', 'workersMax'],
  ...['distanceMax', 'per', 'from', 'to'],
]
const orders: ReadonlyArray<OutputOrder> = ['ordered', 'byKey', 'unordered', 'latest']

/** @throws InvalidJob for what is no job; InvalidOption for an option that no law has, or an order that is none */
export const requireLawOptions = (law: string, job: Job, options: LawOptions): void => {
  requireJob(`${law}: the job`, job)
  const what = `law over job '${job.name}'`
  requireKnown(what, options, optionNames)
  if (options.faults !== undefined) requirePlan(`${what}: faults`, options.faults)
  if (options.order !== undefined && !orders.includes(options.order)) {
    throw new InvalidOption(`${what}: order is '${options.order}'; expected one of ${orders.join(', ')}`)
  }
}

/** @throws InvalidOption for no input, or for one of a topic that is no source of the job: the law would prove nothing */
export const requireInputs = (job: Job, inputs: ReadonlyArray<LawInput>): void => {
  const sources = jobParts(job).sources.map(({ name }) => name)
  const known = sources.map((name) => `'${name}'`).join(', ')
  if (!Array.isArray(inputs) || inputs.length === 0)
    throw new InvalidOption(`law over job '${job.name}': no inputs; expected inputTo() for ${known}`)
  for (const [index, input] of (inputs as ReadonlyArray<Partial<LawInput> | undefined>).entries()) {
    const topic = input?.topic as LawInput['topic']
    requireTopic(`law over job '${job.name}': the topic of inputs[${index}]`, topic)
    if (sources.includes(topic.name)) continue
    throw new InvalidOption(
      `law over job '${job.name}': topic '${topic.name}' is an input, but no source of the job; expected ${known}`,
    )
  }
}

/** @throws InvalidOption for a sink that cannot be made anew for each run, or two of one name */
export const requireSinks = (job: Job, sinks: LawOptions['sinks'] = []): void => {
  if (!Array.isArray(sinks)) {
    throw new InvalidOption(unexpected(`law over job '${job.name}': sinks`, sinks, 'a list of memorySink()'))
  }
  for (const [index, sink] of sinks.entries()) {
    if (typeof (sink as Partial<MemorySink<unknown, unknown>> | undefined)?.clear !== 'function') {
      throw new InvalidOption(
        `law over job '${job.name}': sinks has at ${index} no sink in memory; expected memorySink()`,
      )
    }
    if (sinks.findIndex(({ name }) => name === sink.name) < index) {
      throw new InvalidOption(
        `law over job '${job.name}': two of the sinks are named '${sink.name}'; expected each once`,
      )
    }
  }
}
