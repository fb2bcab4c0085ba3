import { InvalidJob, InvalidOption } from '../model/errors.ts'
import { validateName } from '../model/TopicName.ts'
import { requireTopic } from '../log/requireTopic.ts'
import type { Topic } from '../log/Topic.ts'
import { unexpected } from '../codec/unexpected.ts'
import { describeJob, type JobDescription } from './describe.ts'
import type { Flow, Flows } from './Flow.ts'
import type { AnyOperator, Operator } from './Operator.ts'
import { requireOperator } from './requireJob.ts'
import type { StreamRecord, WindowOrNone } from './StreamRecord.ts'
import { type TimestampAssigner, recordTimestamps } from './TimestampAssigner.ts'

/**
 * A program over topics, as a value: it can be described, drawn, tested and run, any number of times.
 * `from` and `pipe` give new values and leave this one as it is.
 */
export class Job implements Flows {
  readonly name: string
  readonly flows: ReadonlyArray<Flow>

  constructor(name: string, flows: ReadonlyArray<Flow>) {
    validateName('job', name)
    this.name = name
    this.flows = flows
  }

  /**
   * Adds a source. The job's records carry the timestamps of the topic, unless they are assigned:
   * `from(flights, assignTimestamps(flight => flight.date))`.
   *
   * @throws InvalidOption for what is no topic, or not what assigns timestamps
   */
  from<K, V>(source: Topic<K, V>, timestamps: TimestampAssigner<K, V> = recordTimestamps): JobFlow<K, V> {
    requireTopic(`job '${this.name}': the topic of from()`, source)
    requireTimestamps(`job '${this.name}': the timestamps of from()`, timestamps)
    return new JobFlow<K, V>(this.name, [
      ...this.flows,
      {
        source: source as Topic<unknown, unknown>,
        timestamps: timestamps as TimestampAssigner<unknown, unknown>,
        operators: [],
      },
    ])
  }

  /** What the job consists of: stages, operators, stores, topics. Plain data, the same for the same job. */
  describe(): JobDescription {
    return describeJob(this)
  }
}

/**
 * A job whose last flow can be continued: its records have keys of type K and values of type V.
 *
 * @typeParam W - of their windows: `Window` behind a windowed operator; else they may be without one
 */
export class JobFlow<K, V, W = WindowOrNone> extends Job {
  /** Never set: it makes K, V and W part of the type, so that a mismatch is a compile error. */
  declare readonly records?: StreamRecord<K, V, W>

  /**
   * The job with operators added to its last flow, in order.
   *
   * @throws InvalidJob for what is no operator
   */
  pipe<K1, V1, W1>(o1: Operator<K, V, K1, V1, W, W1>): JobFlow<K1, V1, W1>
  pipe<K1, V1, W1, K2, V2, W2>(
    o1: Operator<K, V, K1, V1, W, W1>,
    o2: Operator<K1, V1, K2, V2, W1, W2>,
  ): JobFlow<K2, V2, W2>
  pipe<K1, V1, W1, K2, V2, W2, K3, V3, W3>(
    o1: Operator<K, V, K1, V1, W, W1>,
    o2: Operator<K1, V1, K2, V2, W1, W2>,
    o3: Operator<K2, V2, K3, V3, W2, W3>,
  ): JobFlow<K3, V3, W3>
  pipe<K1, V1, W1, K2, V2, W2, K3, V3, W3, K4, V4, W4>(
    o1: Operator<K, V, K1, V1, W, W1>,
    o2: Operator<K1, V1, K2, V2, W1, W2>,
    o3: Operator<K2, V2, K3, V3, W2, W3>,
    o4: Operator<K3, V3, K4, V4, W3, W4>,
  ): JobFlow<K4, V4, W4>
  pipe<K1, V1, W1, K2, V2, W2, K3, V3, W3, K4, V4, W4, K5, V5, W5>(
    o1: Operator<K, V, K1, V1, W, W1>,
    o2: Operator<K1, V1, K2, V2, W1, W2>,
    o3: Operator<K2, V2, K3, V3, W2, W3>,
    o4: Operator<K3, V3, K4, V4, W3, W4>,
    o5: Operator<K4, V4, K5, V5, W4, W5>,
  ): JobFlow<K5, V5, W5>
  pipe<K1, V1, W1, K2, V2, W2, K3, V3, W3, K4, V4, W4, K5, V5, W5, K6, V6, W6>(
    o1: Operator<K, V, K1, V1, W, W1>,
    o2: Operator<K1, V1, K2, V2, W1, W2>,
    o3: Operator<K2, V2, K3, V3, W2, W3>,
    o4: Operator<K3, V3, K4, V4, W3, W4>,
    o5: Operator<K4, V4, K5, V5, W4, W5>,
    o6: Operator<K5, V5, K6, V6, W5, W6>,
  ): JobFlow<K6, V6, W6>
  pipe<K1, V1, W1, K2, V2, W2, K3, V3, W3, K4, V4, W4, K5, V5, W5, K6, V6, W6, K7, V7, W7>(
    o1: Operator<K, V, K1, V1, W, W1>,
    o2: Operator<K1, V1, K2, V2, W1, W2>,
    o3: Operator<K2, V2, K3, V3, W2, W3>,
    o4: Operator<K3, V3, K4, V4, W3, W4>,
    o5: Operator<K4, V4, K5, V5, W4, W5>,
    o6: Operator<K5, V5, K6, V6, W5, W6>,
    o7: Operator<K6, V6, K7, V7, W6, W7>,
  ): JobFlow<K7, V7, W7>
  pipe(...operators: ReadonlyArray<AnyOperator>): JobFlow<unknown, unknown> {
    const last = this.flows.at(-1)
    if (last === undefined)
      throw new InvalidJob(`job '${this.name}': pipe() without a source; expected from(topic) before it`)
    operators.forEach((each, index) => requireOperator(`job '${this.name}': argument ${index} of pipe()`, each))
    return new JobFlow(this.name, [
      ...this.flows.slice(0, -1),
      { ...last, operators: [...last.operators, ...operators.flatMap(stepsOf)] },
    ])
  }
}

const requireTimestamps = (what: string, given: unknown): void => {
  if (typeof (given as Partial<TimestampAssigner<never, never>> | null)?.outOfOrdernessMs === 'number') return
  throw new InvalidOption(unexpected(what, given, 'what assignTimestamps() or recordTimestamps() gives'))
}

const stepsOf = (operator: AnyOperator): ReadonlyArray<AnyOperator> =>
  operator.steps === undefined || typeof operator.steps === 'function' ? [operator] : operator.steps.flatMap(stepsOf)

/**
 * Begins a job.
 *
 * @param name - unique in a storage: positions and state are found by it. Matches `^[A-Za-z0-9._-]{1,249}$`
 * @throws InvalidName
 */
export const job = (name: string): Job => new Job(name, [])

/**
 * A flow that comes into a job at an operator, such as the other side of a join: `join('paid', stream(payments), ...)`. It takes
 * operators by `pipe` as a job does.
 *
 * @throws InvalidOption for what is no topic, or not what assigns timestamps
 */
export const stream = <K, V>(
  source: Topic<K, V>,
  timestamps: TimestampAssigner<K, V> = recordTimestamps,
): JobFlow<K, V> => {
  requireTopic('stream: the topic', source)
  return job(source.name).from(source, timestamps)
}

/**
 * The flow of a `stream`, or of a topic as it is, as operators take it in `others`.
 *
 * @param what - what it is of, for the message
 * @throws InvalidOption for what is no topic; InvalidJob for a job without a source
 */
export const flowOf = <K, V>(from: Topic<K, V> | JobFlow<K, V>, what = 'flowOf: the source'): Flow => {
  if (!(from instanceof Job)) requireTopic(what, from)
  const flow = (from instanceof Job ? from : stream(from)).flows.at(-1)
  if (flow !== undefined) return flow
  throw new InvalidJob(`${what} is job '${from.name}', which has no source; expected a topic, or stream(topic)`)
}
