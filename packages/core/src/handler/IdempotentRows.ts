import { CompletableFuture } from '../future/CompletableFuture.ts'
import type { TaskContext } from '../job/Operator.ts'
import { Cancelled, CommitConflict } from '../model/errors.ts'

/** Who claims rows: an attempt. It is told apart by identity. */
export interface RowClaimer {
  /** Nothing of it counts any more. */
  readonly isOver: boolean
  /** The attempts that it waits for, by row. */
  waitsFor: ReadonlyMap<string, RowClaimer>
  /** By row: what it found, and what is to be there once it settles well; `undefined` where it changes nothing. */
  claims: ReadonlyMap<string, Claim>
}

/** A row that an attempt has claimed. */
export interface Claim {
  readonly key: Uint8Array
  /** `null`: absent. */
  readonly found: Uint8Array | null
  change: Uint8Array | undefined
  /** What the change is made of, while it is not taken back. */
  making: CompletableFuture<unknown> | undefined
}

interface Holder {
  readonly claimer: RowClaimer
  readonly waiting: Array<{ readonly claimer: RowClaimer; readonly future: CompletableFuture<void> }>
}

/**
 * Rows that attempts of all tasks of a job read and write: who settles first wins.
 *
 * Within the task one attempt at a time has a row; the others wait for its outcome. Between tasks the commit expects the
 * row as it was found: of two that race, one is refused.
 */
export class IdempotentRows {
  readonly #context: TaskContext
  readonly #rowKeyOf: (key: Uint8Array) => Uint8Array
  readonly #holders = new Map<string, Holder>()
  /** What is written and not durable yet. */
  readonly #written = new Map<string, Uint8Array>()
  /** The rows that the next commit expects already, or changes. */
  readonly #expected = new Set<string>()

  constructor(context: TaskContext, rowKeyOf: (key: Uint8Array) => Uint8Array) {
    this.#context = context
    this.#rowKeyOf = rowKeyOf
  }

  /**
   * The row, once no other attempt of this task has it. The claimer has it until `settle` or `release`.
   *
   * Fails with CommitConflict when the attempts that have it wait for each other in a circle.
   */
  claim(claimer: RowClaimer, name: string): CompletableFuture<Claim> {
    const own = claimer.claims.get(name)
    if (own !== undefined) return CompletableFuture.completed(own)
    const holder = this.#holders.get(name)
    if (holder === undefined) return CompletableFuture.completed(this.#take(claimer, name))
    if (leadsTo(holder.claimer, claimer)) {
      return CompletableFuture.failed(
        new CommitConflict(
          `attempts wait for each other's ids in a circle, such as '${name.slice(1)}'; this one gives way`,
        ),
      )
    }
    const future = new CompletableFuture<void>()
    claimer.waitsFor = new Map(claimer.waitsFor).set(name, holder.claimer)
    holder.waiting.push({ claimer, future })
    return future.thenCompose(() => {
      const others = new Map(claimer.waitsFor)
      others.delete(name)
      claimer.waitsFor = others
      if (claimer.isOver) throw new Cancelled('the attempt was over before its turn came')
      return this.claim(claimer, name)
    })
  }

  /** The attempt has settled well: its changes go into the batch's commit. */
  settle(claimer: RowClaimer): void {
    for (const [name, { key, found, change }] of claimer.claims) {
      if (change === undefined) continue
      if (!this.#expected.has(name)) {
        this.#expected.add(name)
        this.#context.expect(key, found)
      }
      this.#context.writeRow(key, change)
      this.#written.set(name, change)
      this.#context.afterCommit(() => {
        if (this.#written.get(name) === change) this.#written.delete(name)
      })
    }
  }

  /** The batch is complete: what comes is another commit. */
  nextCommit(): void {
    this.#expected.clear()
  }

  /** Lets those go on that wait for this attempt. */
  release(claimer: RowClaimer): void {
    for (const name of claimer.claims.keys()) {
      const holder = this.#holders.get(name)
      if (holder?.claimer !== claimer) continue
      this.#holders.delete(name)
      // the first one takes it, the others find it taken and wait again
      for (const { future } of holder.waiting) future.complete(undefined)
    }
  }

  #take(claimer: RowClaimer, name: string): Claim {
    const key = this.#rowKeyOf(encoder.encode(name))
    const found = this.#written.get(name) ?? this.#context.rows.get(key) ?? null
    const claim: Claim = { key, found, change: undefined, making: undefined }
    claimer.claims = new Map(claimer.claims).set(name, claim)
    this.#holders.set(name, { claimer, waiting: [] })
    return claim
  }
}

/** Whether an attempt is the other one, or waits for it. Those that wait are in no circle so far. */
const leadsTo = (from: RowClaimer, to: RowClaimer): boolean =>
  from === to || [...from.waitsFor.values()].some((next) => leadsTo(next, to))

const encoder = new TextEncoder()
