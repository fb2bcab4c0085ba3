import { Observable, type OperatorFunction } from 'rxjs'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { attachAll } from '../job/attachAll.ts'
import { operate } from '../job/operate.ts'
import type { Output } from '../job/Operator.ts'
import type { StreamRecord } from '../job/StreamRecord.ts'
import type { BatchScope } from './BatchScope.ts'
import type { ClaimedTask } from './prepareRun.ts'
import type { RecordTaker } from './TaskInput.ts'

type AnyRecord = StreamRecord<unknown, unknown>

/** The operators of a task, one behind the other, behind the last one the repartition topic. */
export class Pipeline {
  readonly #operators: OperatorFunction<AnyRecord, AnyRecord>
  readonly #explained: (error: unknown) => unknown

  /** @param explained - says more of what an operator threw, at the moment when it did */
  constructor({ stage }: ClaimedTask, scope: BatchScope, explained: (error: unknown) => unknown) {
    const steps = [...attachAll(stage.operators, scope)]
    if (stage.repartition !== undefined) steps.push(sendAll(scope.repartition(stage.repartition)))
    this.#operators = (source) => steps.reduce((stream, step) => step(stream), source)
    this.#explained = explained
  }

  /**
   * One batch as a finite Observable.
   *
   * @param push - hands over all records of it
   * @returns completes when all operators have, and all records were taken
   */
  run(push: (to: RecordTaker) => void): CompletableFuture<void> {
    const done = new CompletableFuture<void>()
    let taken: 'no' | 'some' | 'all' = 'no'
    let isComplete = false
    const take = (to: RecordTaker): void => {
      taken = 'some'
      try {
        push(to)
      } catch (error) {
        // the operators may have completed already, and would not hear of it
        done.completeExceptionally(this.#explained(error))
        return
      }
      taken = 'all'
      if (isComplete) done.complete(undefined)
    }
    const records = new Observable<AnyRecord>((subscriber) => {
      if (taken !== 'no')
        throw new Error('an operator subscribed to a batch twice; expected share() or connect() in it')
      take(subscriber)
      subscriber.complete()
    })
    this.#operators(records).subscribe({
      error: (error) => done.completeExceptionally(this.#explained(error)),
      complete: () => {
        isComplete = true
        // an operator that wants no more records, or none at all, has passed over the rest of the batch
        if (taken === 'no') take(nobody)
        else if (taken === 'all') done.complete(undefined)
      },
    })
    return done
  }
}

const nobody = { next: (): void => undefined }

const sendAll = (output: Output<unknown, unknown>): OperatorFunction<AnyRecord, AnyRecord> =>
  operate({ next: (record) => output.send(record) })
