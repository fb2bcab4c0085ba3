import { compareBytes, StorageFailed } from '@weir/core/storage'
import { hashOf } from './BloomFilter.ts'
import { type KeyRange, mergeRuns } from './mergeRuns.ts'
import { Block, changesOf, valueIn } from './Block.ts'
import { decodeRunList, noRuns, type RunList } from './RunList.ts'
import { emptySet, RunSet } from './RunSet.ts'
import { requireSealed, runBlockKey, runIndexKey, runListKey, runOfKey, type StoredChange } from './runLayout.ts'
import { SortedRun } from './SortedRun.ts'

/** A row as it is stored. */
export interface StoredRow {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** What rows are read from: an environment as of a transaction. */
export interface RowSource {
  /** What is stored under a key, in a buffer that stays as it is. */
  get(key: Uint8Array): Uint8Array | undefined
  /** The same, in a buffer that the next read may overwrite. */
  peek(key: Uint8Array): Uint8Array | undefined
}

/** Rows as they are stored: those of the tree, and laid over them those of the sorted runs that are not merged into it yet. */
export class StoredRows {
  readonly #source: RowSource
  #set = emptySet
  #list = noRuns
  /** The list as it was read. */
  #read: Uint8Array | undefined
  /** The list is still to be read. */
  #isOld = true

  /** @param like - rows of the same folder, whose runs need not be read again */
  constructor(source: RowSource, like?: StoredRows) {
    this.#source = source
    if (like === undefined) return
    this.#set = like.#set
    this.#list = like.#list
    this.#read = like.#read
  }

  /** To be called when another transaction is read from now on. */
  renew(): void {
    this.#isOld = true
  }

  /** To be called when runs that were read may never have been stored, and others may get their numbers. */
  forget(): void {
    this.#set = emptySet
    this.#list = noRuns
    this.#read = undefined
    this.renew()
  }

  /** The list of runs. */
  get list(): RunList {
    this.load()
    return this.#list
  }

  /** The runs, the latest first. */
  get runs(): ReadonlyArray<SortedRun> {
    return this.load().runs
  }

  /** The value of a row. Costs, beside the look into the tree, some 50 ns a run, and one more look where a run has the row. */
  get(key: Uint8Array): Uint8Array | undefined {
    const runs = this.load().near(key)
    if (runs.length > 0) {
      const hash = hashOf(key)
      for (const run of runs) {
        const value = run.mayHold(key, hash) ? this.#valueIn(run, key) : undefined
        if (value !== undefined) return value ?? undefined
      }
    }
    return this.#source.get(key)
  }

  /** Whether a run may have a change of a row; `false` is certain. */
  mayBeInRun(key: Uint8Array): boolean {
    const runs = this.load().near(key)
    if (runs.length === 0) return false
    const hash = hashOf(key)
    return runs.some((run) => run.mayHold(key, hash))
  }

  /**
   * The rows of a range, in its order.
   *
   * @param tree - what the tree has of them
   */
  range(range: KeyRange, tree: Iterable<StoredRow>): Iterable<StoredRow> {
    const runs = this.runs.filter((run) => run.reaches(range.low, range.high))
    return runs.length === 0 ? tree : laidOver(tree, mergeRuns(runs, range, this.#readBlock), range.reverse === true)
  }

  /** The changes of some runs from a key on. */
  changes(runs: ReadonlyArray<SortedRun>, low: Uint8Array): Iterable<StoredChange> {
    return mergeRuns(runs, { low, high: runListKey }, this.#readSealed)
  }

  /** The runs as of now: reads the list where that is to be read, and the runs in it that are not known. @throws StorageFailed */
  load(): RunSet {
    if (!this.#isOld) return this.#set
    const read = this.#source.get(runListKey)
    if (!isAlike(read, this.#read)) {
      const list = parsed(runListKey, () => decodeRunList(read))
      if (!this.#set.hasRunsOf(list)) this.#set = new RunSet(list, this.#runsOf(list))
      this.#list = list
      this.#read = read
    }
    this.#isOld = false
    return this.#set
  }

  #runsOf(list: RunList): ReadonlyArray<SortedRun> {
    const known = new Map(this.#set.runs.map((run) => [run.number, run]))
    return list.runs.map(({ number }) => known.get(number) ?? this.readRun(number)).reverse()
  }

  /** Reads a run's index. @throws StorageFailed */
  readRun(number: number): SortedRun {
    const key = runIndexKey(number)
    return parsed(key, () => new SortedRun(number, requirePart(key, this.#source.get(key))))
  }

  /** All changes in a block of a run. @throws StorageFailed */
  readBlock(run: SortedRun, block: number): StoredChange[] {
    return changesOf(this.#readSealed(runBlockKey(run.number, block)))
  }

  #valueIn(run: SortedRun, key: Uint8Array): Uint8Array | null | undefined {
    const blockKey = run.blockKey(run.blockOf(key))
    return parsed(blockKey, () => valueIn(requirePart(blockKey, this.#source.peek(blockKey)), key))
  }

  readonly #readBlock = (key: Uint8Array): Block => this.#block(key, (part) => part)

  /** For what is to be written again. */
  readonly #readSealed = (key: Uint8Array): Block => this.#block(key, requireSealed)

  #block(key: Uint8Array, check: (part: Uint8Array) => Uint8Array): Block {
    return parsed(key, () => new Block(check(requirePart(key, this.#source.get(key)))))
  }
}

const isAlike = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0

const requirePart = (key: Uint8Array, part: Uint8Array | undefined): Uint8Array => {
  if (part !== undefined) return part
  throw new StorageFailed(`${nameOf(key)} is missing; expected all that the list of runs names: ask the doctor`)
}

/** What was cut or changed names places that are not there. */
const parsed = <A>(key: Uint8Array, parse: () => A): A => {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new StorageFailed(`${nameOf(key)} is damaged: ask the doctor`, { cause })
  }
}

const nameOf = (key: Uint8Array): string => {
  const place = runOfKey(key)
  if (place === undefined) return 'the list of sorted runs'
  return place.block === undefined
    ? `the index of sorted run ${place.run}`
    : `block ${place.block} of sorted run ${place.run}`
}

/** Rows with changes laid over them, both in the same order. */
function* laidOver(
  rows: Iterable<StoredRow>,
  changes: Iterator<StoredChange, void>,
  reverse: boolean,
): Generator<StoredRow, void, undefined> {
  const sign = reverse ? -1 : 1
  let change = next(changes)
  for (const row of rows) {
    let order = -1
    while (change !== undefined && (order = sign * compareBytes(change.key, row.key)) <= 0) {
      if (change.value !== null) yield { key: change.key, value: change.value }
      const isSame = order === 0
      change = next(changes)
      if (isSame) break
    }
    if (order !== 0) yield row
  }
  for (; change !== undefined; change = next(changes)) {
    if (change.value !== null) yield { key: change.key, value: change.value }
  }
}

const next = (changes: Iterator<StoredChange, void>): StoredChange | undefined => changes.next().value ?? undefined
