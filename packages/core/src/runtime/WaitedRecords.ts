import type { Codec } from '../codec/Codec.ts'
import { errorOf } from '../job/blame.ts'
import type { WaitedRecord } from '../job/Operator.ts'
import type { Stage, StageNode } from '../job/Stage.ts'
import { invariant } from '../model/invariant.ts'
import { BadRecordSink } from './BadRecordSink.ts'
import type { BatchScope } from './BatchScope.ts'
import type { ClaimedTask } from './prepareRun.ts'
import type { RunContext } from './RunContext.ts'

/** A record that has waited, as one that user code throws on is known: it is in a store, and at no offset any more. */
export interface WaitedFailure {
  readonly id: string
  /** How many right before it were set aside. */
  readonly before: number
}

/** A record whose time has come, and how many right before it were set aside. */
interface Taken {
  readonly record: WaitedRecord
  readonly before: number
}

/**
 * Records that have waited in a store of a task, when their time has come. One on which user code throws is set aside when the
 * task has started anew and comes to it again, since nothing of its batch is committed.
 */
export class WaitedRecords {
  readonly #run: RunContext
  readonly #stage: Stage
  readonly #partition: number
  readonly #scope: BatchScope
  readonly #failed: ClaimedTask['failed']
  /** The one on account of which the operators are at work. */
  #current: Taken | undefined
  /** What was thrown on account of a record, and is heard of when that is no more at hand. */
  readonly #thrown = new WeakMap<Error, Taken>()
  /** How many that came last were set aside. */
  #row: number

  constructor(run: RunContext, { stage, partition, failed }: ClaimedTask, scope: BatchScope) {
    this.#run = run
    this.#stage = stage
    this.#partition = partition
    this.#scope = scope
    this.#failed = failed
    this.#row = failed.waitedInRow
  }

  /** The one on account of which an operator has failed just now, if there is one. */
  failedOn(error: unknown): WaitedFailure | undefined {
    const taken = (error instanceof Error ? this.#thrown.get(error) : undefined) ?? this.#current
    return taken && { id: this.#idOf(taken.record), before: taken.before }
  }

  /** Says later that an error is about the one that the operators are at work on now; `undefined` when there is none. */
  blamer(): ((error: unknown) => Error) | undefined {
    const taken = this.#current
    return taken && ((error) => this.#blame(error, taken))
  }

  /** Does what is on account of a record, unless that was tried before and failed. */
  take(record: WaitedRecord, action: () => void): void {
    const reason = this.#failed.hasWaited ? this.#failed.reasonOf(this.#idOf(record)) : undefined
    if (reason !== undefined) return this.#setAside(record, reason)
    const before = this.#row
    this.#onAccountOf({ record, before }, action)
    // one may have been set aside within
    if (before > 0 && this.#row === before) this.#endRow()
  }

  /** Does what no such record is to blame for. */
  unblamed(action: () => void): void {
    this.#onAccountOf(undefined, action)
  }

  #onAccountOf(taken: Taken | undefined, action: () => void): void {
    const before = this.#current
    this.#current = taken
    try {
      action()
    } catch (cause) {
      throw taken === undefined ? cause : this.#blame(cause, taken)
    } finally {
      this.#current = before
    }
  }

  #blame(cause: unknown, taken: Taken): Error {
    const error = errorOf(cause)
    this.#thrown.set(error, taken)
    return error
  }

  #setAside(record: WaitedRecord, reason: string): void {
    const { key, topic } = this.#placeOf(record)
    const sink = new BadRecordSink(this.#scope.writer(this.#run.plan.badRecords), topic, this.#partition)
    sink.addWaited({ ...record, key: key.encode(record.key), value: record.value() }, reason)
    this.#scope.count('bad', 1)
    const row = ++this.#row
    const id = this.#idOf(record)
    this.#scope.afterCommit(() => {
      this.#failed.waitedInRow = row
      this.#failed.forgetWaited(id)
    })
  }

  #endRow(): void {
    this.#row = 0
    this.#scope.afterCommit(() => {
      this.#failed.waitedInRow = 0
    })
  }

  /** The same for records of which one is like the other. */
  #idOf(record: WaitedRecord): string {
    const { operator, input = 0, key, timestamp, value } = record
    const bytes = [this.#placeOf(record).key.encode(key), value()]
    return JSON.stringify([operator, input, timestamp, ...bytes.map((part) => [...part])])
  }

  /** The codec of the record's keys, and the topic that it comes from. */
  #placeOf({ operator, input = 0 }: WaitedRecord): { readonly key: Codec<unknown>; readonly topic: string } {
    const { nodes } = this.#stage
    const node = nodes.find((each) => each.kind === 'operator' && each.operator.name === operator)
    invariant(node?.kind === 'operator', `operator '${operator}' is one of the stage's`)
    let from: StageNode = nodes[node.from[input]!]!
    while (from.kind !== 'input') from = nodes[from.from[0]]!
    return { key: node.key, topic: from.input.topic.name }
  }
}
