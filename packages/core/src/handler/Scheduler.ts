import { invariant } from '../model/invariant.ts'
import { PriorityQueue } from './PriorityQueue.ts'

/** What a scheduler needs to know of a piece of work. */
export interface Schedulable {
  /** Work of one lane is done in the order in which it came, one after the other; `undefined` for work without order. */
  readonly lane: unknown
  /** Larger ones go first, among those whose turn it is. */
  readonly priority: number
  /** Its place; decides between equal priorities. */
  readonly offset: number
  /** Not before this time, in ms. The lane waits for it. */
  dueMs: number
}

interface Lane<I> {
  readonly waiting: I[]
  /** How many of the waiting ones are gone. */
  taken: number
}

/**
 * Decides what is worked on next: at most `concurrencyMax` at once, lanes in order, the rest by priority and place.
 *
 * ```text
 *           its turn                take               settle
 *   waiting --------> ready ----------------> running --------> (the next of the lane has its turn)
 *                       ^                        |
 *                       |  due                   | delay
 *                       +--------- delayed <-----+----> gone, with its lane (takeLane)
 * ```
 *
 * It knows no time and starts nothing by itself. Each step costs the logarithm of what is ready or delayed.
 */
export class Scheduler<I extends Schedulable> {
  readonly #concurrencyMax: number
  readonly #lanes = new Map<unknown, Lane<I>>()
  readonly #ready = new PriorityQueue<I>((a, b) =>
    a.priority === b.priority ? a.offset < b.offset : a.priority > b.priority,
  )
  readonly #delayed = new PriorityQueue<I>((a, b) => (a.dueMs === b.dueMs ? a.offset < b.offset : a.dueMs < b.dueMs))
  #running = 0
  #size = 0

  constructor(concurrencyMax: number) {
    this.#concurrencyMax = concurrencyMax
  }

  /** All that was added and is not settled. */
  get size(): number {
    return this.#size
  }

  get runningCount(): number {
    return this.#running
  }

  /** When the first delayed one is due, in ms; `Infinity` when none is. */
  get nextDueMs(): number {
    return this.#delayed.peek()?.dueMs ?? Infinity
  }

  add(item: I): void {
    this.#size++
    if (item.lane !== undefined) {
      const lane = this.#lanes.get(item.lane)
      if (lane !== undefined) {
        lane.waiting.push(item)
        return
      }
      this.#lanes.set(item.lane, { waiting: [], taken: 0 })
    }
    this.#offer(item)
  }

  /** The next one to begin, which is running from now on; `undefined` when there is none, or too many are running. */
  take(nowMs: number): I | undefined {
    for (let due = this.#delayed.peek(); due !== undefined && due.dueMs <= nowMs; due = this.#delayed.peek()) {
      this.#delayed.pop()
      this.#ready.push(due)
    }
    if (this.#running >= this.#concurrencyMax) return undefined
    const item = this.#ready.pop()
    if (item !== undefined) this.#running++
    return item
  }

  /** One that runs is done for good. */
  settle(item: I): void {
    this.#stopRunning()
    this.#size--
    const lane = this.#lanes.get(item.lane)
    if (item.lane === undefined || lane === undefined) return
    const next = lane.waiting[lane.taken]
    if (next === undefined) {
      this.#lanes.delete(item.lane)
      return
    }
    lane.taken++
    if (lane.taken > 64 && lane.taken * 2 > lane.waiting.length) {
      lane.waiting.splice(0, lane.taken)
      lane.taken = 0
    }
    this.#offer(next)
  }

  /** One that runs is to run again at this time; its lane waits. */
  delay(item: I, dueMs: number): void {
    this.#stopRunning()
    item.dueMs = dueMs
    this.#offer(item)
  }

  /** Takes one that runs out, and all that wait behind it in its lane; in their order. */
  takeLane(item: I): ReadonlyArray<I> {
    this.#stopRunning()
    const lane = this.#lanes.get(item.lane)
    const all = lane === undefined ? [item] : [item, ...lane.waiting.slice(lane.taken)]
    this.#lanes.delete(item.lane)
    this.#size -= all.length
    return all
  }

  #offer(item: I): void {
    if (item.dueMs > 0) this.#delayed.push(item)
    else this.#ready.push(item)
  }

  #stopRunning(): void {
    invariant(this.#running > 0, 'only work that runs is settled, delayed or taken out')
    this.#running--
  }
}
