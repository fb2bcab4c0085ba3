import { compareBytes } from '@weir/core/storage'
import TinyQueue from 'tinyqueue'
import type { Block } from './Block.ts'
import type { StoredChange } from './runLayout.ts'
import type { SortedRun } from './SortedRun.ts'

/** Which stored keys: from `low` to `high`, both included. */
export interface KeyRange {
  readonly low: Uint8Array
  readonly high: Uint8Array
  readonly reverse?: boolean | undefined
}

/** Reads a block by its key. */
export type ReadBlock = (key: Uint8Array) => Block

/**
 * The changes of runs, in the order of their keys or the opposite one; of those of one key that of the latest run.
 *
 * Reads one block of each run at a time.
 */
export function* mergeRuns(
  runs: ReadonlyArray<SortedRun>,
  range: KeyRange,
  readBlock: ReadBlock,
): Generator<StoredChange, void, undefined> {
  const sign = range.reverse === true ? -1 : 1
  const cursors = runs.map((run) => new RunCursor(run, range, readBlock)).filter(({ change }) => change !== undefined)
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
  readonly #readBlock: ReadBlock
  readonly #step: 1 | -1
  #number: number
  #block: Block | undefined
  #at: number

  constructor(run: SortedRun, range: KeyRange, readBlock: ReadBlock) {
    this.run = run
    this.#range = range
    this.#readBlock = readBlock
    this.#step = range.reverse === true ? -1 : 1
    const first = this.#step === 1 ? range.low : range.high
    this.#number = Math.max(run.blockOf(first), 0)
    this.#block = readBlock(run.blockKey(this.#number))
    this.#at = this.#block.firstFrom(first)
    if (this.#step === -1 && !this.#isAt(first)) this.#at--
    this.#look()
  }

  advance(): void {
    this.#at += this.#step
    this.#look()
  }

  #look(): void {
    if (this.#block !== undefined && (this.#at < 0 || this.#at >= this.#block.length)) this.#nextBlock()
    const change = this.#block?.at(this.#at)
    this.change = change === undefined || this.#isBehind(change.key) ? undefined : change
  }

  #nextBlock(): void {
    this.#number += this.#step
    const isThere = this.#number >= 0 && this.#number < this.run.blocks
    this.#block = isThere ? this.#readBlock(this.run.blockKey(this.#number)) : undefined
    this.#at = this.#step === 1 || this.#block === undefined ? 0 : this.#block.length - 1
  }

  #isAt(key: Uint8Array): boolean {
    const block = this.#block!
    return this.#at < block.length && compareBytes(block.at(this.#at).key, key) === 0
  }

  #isBehind(key: Uint8Array): boolean {
    const { low, high } = this.#range
    return this.#step === 1 ? compareBytes(key, high) > 0 : compareBytes(key, low) < 0
  }
}
