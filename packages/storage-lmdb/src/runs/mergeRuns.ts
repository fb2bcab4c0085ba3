import { compareBytes } from '@weir/core/storage'
import TinyQueue from 'tinyqueue'
import type { StoredChange } from './runLayout.ts'
import type { SortedRun } from './SortedRun.ts'

/** Which stored keys: from `low` to `high`, both included. */
export interface KeyRange {
  readonly low: Uint8Array
  readonly high: Uint8Array
  readonly reverse?: boolean | undefined
}

/** Reads the changes in a block, by its key. */
export type ReadChanges = (key: Uint8Array) => ReadonlyArray<StoredChange>

/**
 * The changes of runs, in the order of their keys or the opposite one; of those of one key that of the latest run.
 *
 * Reads one block of each run at a time.
 */
export function* mergeRuns(
  runs: ReadonlyArray<SortedRun>,
  range: KeyRange,
  readChanges: ReadChanges,
): Generator<StoredChange, void, undefined> {
  const sign = range.reverse === true ? -1 : 1
  const cursors = runs.map((run) => new RunCursor(run, range, readChanges)).filter(({ change }) => change !== undefined)
  const queue = new TinyQueue(
    cursors,
    (a, b) => sign * compareBytes(a.change!.key, b.change!.key) || b.run.number - a.run.number,
  )
  let last: Uint8Array | undefined
  for (let cursor = queue.pop(); cursor !== undefined; cursor = queue.pop()) {
    const change = cursor.change!
    if (last === undefined || compareBytes(last, change.key) !== 0) yield change
    last = change.key
    cursor.advance()
    if (cursor.change !== undefined) queue.push(cursor)
  }
}

/** Goes through the changes of one run. */
class RunCursor {
  readonly run: SortedRun
  /** Where it is; undefined behind the last one. */
  change: StoredChange | undefined
  readonly #range: KeyRange
  readonly #readChanges: ReadChanges
  readonly #step: 1 | -1
  #block: number
  #changes: ReadonlyArray<StoredChange> = []
  #at = 0

  constructor(run: SortedRun, range: KeyRange, readChanges: ReadChanges) {
    this.run = run
    this.#range = range
    this.#readChanges = readChanges
    this.#step = range.reverse === true ? -1 : 1
    const { low, high } = range
    const first = run.blockOf(this.#step === 1 ? low : high)
    this.#block = Math.max(first, 0) - this.#step
    // the first block may begin before the range
    do this.advance()
    while (this.change !== undefined && this.#isBefore(this.change.key))
  }

  advance(): void {
    this.#at += this.#step
    if (this.#at < 0 || this.#at >= this.#changes.length) this.#nextBlock()
    const change = this.#changes[this.#at]
    this.change = change === undefined || this.#isBehind(change.key) ? undefined : change
  }

  #nextBlock(): void {
    this.#block += this.#step
    const isThere = this.#block >= 0 && this.#block < this.run.blocks
    this.#changes = isThere ? this.#readChanges(this.run.blockKey(this.#block)) : []
    this.#at = this.#step === 1 ? 0 : this.#changes.length - 1
  }

  #isBefore(key: Uint8Array): boolean {
    return this.#step === 1 ? this.#isBelow(key) : this.#isAbove(key)
  }

  #isBehind(key: Uint8Array): boolean {
    return this.#step === 1 ? this.#isAbove(key) : this.#isBelow(key)
  }

  #isBelow(key: Uint8Array): boolean {
    return compareBytes(key, this.#range.low) < 0
  }

  #isAbove(key: Uint8Array): boolean {
    return compareBytes(key, this.#range.high) > 0
  }
}
