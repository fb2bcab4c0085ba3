import { noRuns, type RunList } from './RunList.ts'
import type { SortedRun } from './SortedRun.ts'

/** The space, the store and the partition of a row. */
const headBytes = 9
/** So many are remembered. */
const headsMax = 4_096
/** No key begins so. */
const noHead = new Uint8Array(headBytes)

/** The runs of a list, and which of them have keys that begin alike. */
export class RunSet {
  readonly #list: RunList
  /** The latest first. */
  readonly runs: ReadonlyArray<SortedRun>
  readonly #byHead = new Map<string, ReadonlyArray<SortedRun>>()
  #head = noHead
  #ofHead: ReadonlyArray<SortedRun> = []

  /** @param runs - of the list, in the opposite order */
  constructor(list: RunList, runs: ReadonlyArray<SortedRun>) {
    this.#list = list
    this.runs = runs
  }

  /** Whether it has the runs of a list: numbers are not used again, but for those of a transaction that failed, and runs come and go at the ends. */
  hasRunsOf({ next, runs }: RunList): boolean {
    return next === this.#list.next && runs.length === this.#list.runs.length
  }

  /** The runs that may have keys which begin as this one does: mostly it is asked for those of one task, one after the other. */
  near(key: Uint8Array): ReadonlyArray<SortedRun> {
    if (this.runs.length === 0 || key.length < headBytes) return this.runs
    if (!beginsWith(key, this.#head)) {
      this.#head = key.slice(0, headBytes)
      this.#ofHead = this.#find(this.#head)
    }
    return this.#ofHead
  }

  #find(head: Uint8Array): ReadonlyArray<SortedRun> {
    const name = Buffer.from(head.buffer).toString('latin1')
    let found = this.#byHead.get(name)
    if (found === undefined) {
      found = this.runs.filter((run) => run.hasHead(head))
      if (this.#byHead.size === headsMax) this.#byHead.clear()
      this.#byHead.set(name, found)
    }
    return found
  }
}

/** Of a folder that never had a run. */
export const emptySet: RunSet = new RunSet(noRuns, [])

const beginsWith = (key: Uint8Array, head: Uint8Array): boolean => {
  // partitions differ at the end
  let at = headBytes - 1
  while (at >= 0 && key[at] === head[at]) at--
  return at < 0
}
