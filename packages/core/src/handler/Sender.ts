import type { RawOutput, RawRecord, TaskContext } from '../job/Operator.ts'
import type { AppendOptions } from '../log/recordMetadata.ts'
import type { Topic } from '../log/Topic.ts'
import { findSameTopic, requireTopicInfo } from '../log/topicCatalog.ts'
import { UnknownTopic } from '../model/errors.ts'
import type { AttemptHost, SentBy } from './Attempt.ts'
import { encodeRecord, requireRaw } from './encodeRecord.ts'
import type { AnyTopic, Delivery } from './HandlerOptions.ts'
import type { IdempotentRows } from './IdempotentRows.ts'

/** What handlers send: checked and encoded at once, so that what is wrong with it is the attempt's own failure. */
export class Sender implements AttemptHost {
  readonly rows: IdempotentRows
  readonly #context: TaskContext
  readonly #delivery: Delivery
  /** How many records were encoded for each topic that is known to be the one in the storage. A handler may define one anew for each record. */
  readonly #topics = new WeakMap<Topic<unknown, unknown>, number>()
  readonly #outputs = new Map<string, RawOutput>()

  constructor(
    context: TaskContext,
    { delivery, outputs }: { readonly delivery: Delivery; readonly outputs: ReadonlyArray<AnyTopic> },
    rows: IdempotentRows,
  ) {
    this.#context = context
    this.#delivery = delivery
    this.rows = rows
    for (const output of outputs) this.#topics.set(output, 0)
  }

  encode(topic: Topic<unknown, unknown>, key: unknown, value: unknown, options: AppendOptions): RawRecord {
    const added = this.#topics.get(topic) ?? this.#found(topic)
    const record = encodeRecord(topic, key, value, options, added)
    this.#topics.set(topic, added + 1)
    return record
  }

  check(topic: string, record: RawRecord): void {
    requireRaw(requireTopicInfo(this.#context, topic), record)
  }

  send(attempt: SentBy, topic: string, record: RawRecord): void {
    if (this.#delivery === 'exactly-once') {
      attempt.keep({ topic, record })
      return
    }
    this.emit(topic, record)
    this.#context.wake()
  }

  /** The record goes into the next commit. */
  emit(topic: string, record: RawRecord): void {
    this.#output(topic).send(record)
  }

  /** @throws UnknownTopic, TopicMismatch */
  #found(topic: Topic<unknown, unknown>): number {
    if (findSameTopic(this.#context, topic) !== undefined) return 0
    throw new UnknownTopic(`topic '${topic.name}' is not in this storage; expected it among the handler's outputs`)
  }

  #output(name: string): RawOutput {
    let output = this.#outputs.get(name)
    if (output === undefined) {
      output = this.#context.outputTo(name)
      this.#outputs.set(name, output)
    }
    return output
  }
}
