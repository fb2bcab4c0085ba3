import { Observable, Subject, type Subscriber } from 'rxjs'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { attachAll } from '../job/attachAll.ts'
import { operate } from '../job/operate.ts'
import type { AttachedOperator, Output } from '../job/Operator.ts'
import type { Stage } from '../job/Stage.ts'
import type { StreamRecord } from '../job/StreamRecord.ts'
import type { BatchScope } from './BatchScope.ts'
import type { RecordTaker } from './TaskInput.ts'

type AnyRecord = StreamRecord<unknown, unknown>

/** Where the records of a step go. */
interface Step {
  readonly from: ReadonlyArray<number>
  readonly attached: AttachedOperator<unknown, unknown, unknown, unknown>
}

/** The operators of a task: a graph from its inputs to the ends of its lines, and the topics that lead to other stages. */
export class Pipeline {
  /** By node; `undefined` for the inputs. */
  readonly #steps: ReadonlyArray<Step | undefined>
  /** How many steps take a node's records. */
  readonly #takers: ReadonlyArray<number>
  readonly #explained: (error: unknown) => unknown

  /** @param explained - says more of what an operator threw, at the moment when it did */
  constructor(stage: Stage, scope: BatchScope, explained: (error: unknown) => unknown) {
    const attached = attachAll(stage.nodes, scope)
    this.#steps = stage.nodes.map((node, index) => {
      if (node.kind === 'input') return undefined
      if (node.kind === 'operator') return { from: node.from, attached: attached[index]! }
      return { from: node.from, attached: sendAll(scope.repartition(node.topic)) }
    })
    const takers = stage.nodes.map(() => 0)
    for (const step of this.#steps) for (const from of step?.from ?? []) takers[from]!++
    this.#takers = takers
    this.#explained = explained
  }

  /**
   * One batch as finite Observables, one of each input.
   *
   * @param push - hands over all records of it, to the takers of the inputs
   * @returns completes when all operators have, and all records were taken
   */
  run(push: (to: ReadonlyArray<RecordTaker>) => void): CompletableFuture<void> {
    const done = new CompletableFuture<void>()
    const { takers, ends, starts } = this.#assemble()
    let open = ends.length
    let areTaken = false
    const fail = (error: unknown): void => void done.completeExceptionally(this.#explained(error))
    for (const end of ends) {
      end.subscribe({
        error: fail,
        complete: () => {
          open--
          // an operator that wants no more records has passed over the rest of the batch, which is still to be read
          if (open === 0 && areTaken) done.complete(undefined)
        },
      })
    }
    for (const start of starts) start()
    const subscribers = takers.map(({ subscriber }) => subscriber)
    try {
      push(subscribers.map((subscriber) => subscriber ?? nobody))
    } catch (error) {
      // the operators may have completed already, and would not hear of it
      fail(error)
      return done
    }
    areTaken = true
    for (const subscriber of subscribers) subscriber?.complete()
    if (open === 0) done.complete(undefined)
    return done
  }

  /** Puts the operators together for a batch. What several steps take is handed to each of them, record by record. */
  #assemble(): {
    readonly takers: ReadonlyArray<Taker>
    readonly ends: ReadonlyArray<Observable<AnyRecord>>
    readonly starts: ReadonlyArray<() => void>
  } {
    const takers: Taker[] = []
    const streams: Array<Observable<AnyRecord>> = []
    const ends: Array<Observable<AnyRecord>> = []
    const starts: Array<() => void> = []
    for (let node = 0; node < this.#steps.length; node++) {
      const step = this.#steps[node]
      let stream: Observable<AnyRecord>
      if (step === undefined) {
        const taker = new Taker()
        takers.push(taker)
        stream = taker.records
      } else {
        const [first, ...others] = step.from
        stream = step.attached(streams[first!]!, ...others.map((other) => streams[other]!))
      }
      if (this.#takers[node]! > 1) {
        const shared = new Subject<AnyRecord>()
        const source = stream
        starts.unshift(() => source.subscribe(shared))
        stream = shared
      }
      if (this.#takers[node] === 0) ends.push(stream)
      streams.push(stream)
    }
    return { takers, ends, starts }
  }
}

/** The records of an input, and who has subscribed to them. */
class Taker {
  readonly records: Observable<AnyRecord>
  subscriber: Subscriber<AnyRecord> | undefined

  constructor() {
    this.records = new Observable((subscriber) => {
      if (this.subscriber !== undefined) {
        throw new Error('an operator subscribed to a batch twice; expected share() or connect() in it')
      }
      this.subscriber = subscriber
    })
  }
}

const nobody: RecordTaker = { next: () => undefined }

const sendAll = (output: Output<unknown, unknown>): AttachedOperator<unknown, unknown, unknown, unknown> =>
  operate({ next: (record: AnyRecord) => output.send(record) })
