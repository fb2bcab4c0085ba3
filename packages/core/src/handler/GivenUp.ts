import { CompletableFuture } from '../future/CompletableFuture.ts'
import { observe } from '../future/observe.ts'
import type { TaskContext } from '../job/Operator.ts'
import { OperatorFailed } from '../model/errors.ts'
import { reservedHeaders } from '../model/reservedHeaders.ts'
import { causeOf, deadLetterOf } from './deadLetter.ts'
import type { AnyTopic, HandlerSettings } from './HandlerOptions.ts'
import type { Sender } from './Sender.ts'
import type { Work } from './Work.ts'

/** What is said of records that a handler does not handle: in a topic of their own, by counters, to whoever hears of them. */
export class GivenUp<K, V> {
  readonly #context: TaskContext
  readonly #settings: HandlerSettings<K, V>
  readonly #sender: Sender

  constructor(context: TaskContext, settings: HandlerSettings<K, V>, sender: Sender) {
    this.#context = context
    this.#settings = settings
    this.#sender = sender
  }

  /** No attempt is left. Answers what ends the run, where the record cannot be set aside. */
  exhausted(work: Work<K, V>, error: unknown): OperatorFailed | undefined {
    const { deadLetter, delivery } = this.#settings
    if (deadLetter === undefined && delivery !== 'at-most-once') {
      const andSo = ', and there is no deadLetter topic for it. The last one said'
      return this.#failure(work, error, 'the handler gave up', andSo)
    }
    if (deadLetter !== undefined) {
      this.#setAside(deadLetter, work, causeOf(error))
      this.#report(deadLetter.name, work, error)
    }
    this.#context.count(deadLetter === undefined ? 'failed' : 'deadLettered', 1)
    return undefined
  }

  expired(work: Work<K, V>): void {
    const { expired } = this.#settings
    if (expired !== undefined)
      this.#setAside(expired, work, `expired at ${work.record.headers[reservedHeaders.expiresAt]}`)
    this.#context.count('expired', 1)
  }

  /** What ends the run when the handler's own retry throws. */
  retryThrew(work: Work<K, V>, cause: unknown): OperatorFailed {
    return this.#failure(work, cause, `the handler's retry threw on`, '. It said')
  }

  /** The app's own code: what it throws is thrown where it is seen, and does not disturb the task. */
  #report(keptIn: string, { record, failed: attempts }: Work<K, V>, cause: unknown): void {
    const { onDeadLetter } = this.#settings
    if (onDeadLetter === undefined) return
    const { topic, partition, offset, id } = record
    const group = this.#context.job
    this.#context.afterCommit(() =>
      observe(CompletableFuture.completed(undefined), () =>
        onDeadLetter({ group, topic, partition, offset, id, attempts, cause, keptIn }),
      ),
    )
  }

  #setAside(topic: AnyTopic, work: Work<K, V>, cause: string): void {
    const { record, failed: attempts } = work
    const { key, value } = work.stored
    const { partition, offset, timestamp, id, headers } = record
    const group = this.#context.job
    const origin = { topic: record.topic, partition, offset, group, cause, attempts }
    this.#sender.emit(topic.name, deadLetterOf({ ...origin, key, value, timestamp, id, headers }))
  }

  #failure({ offset, failed }: Work<K, V>, cause: unknown, what: string, andSo: string): OperatorFailed {
    const { job, input, partition } = this.#context
    return new OperatorFailed(
      `job '${job}': ${what} the record at offset ${offset} of '${input.name}', partition ${partition}, after ` +
        `${failed} attempts${andSo}: ${causeOf(cause)}`,
      { cause },
    )
  }
}
