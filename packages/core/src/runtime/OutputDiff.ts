/** What one version of a job gives and the other does not. */
export interface Difference {
  readonly topic: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** What cannot be decoded is its bytes. */
  readonly key: unknown
  /** In ms since 1970; `undefined` for a compacted topic, of which only the last value of a key counts. */
  readonly timestamp: number | undefined
  /** `undefined` for one that was added. */
  readonly before: unknown
  /** `undefined` for one that was removed. */
  readonly after: unknown
}

/** How many records there are of each kind; those that are the same too. */
export interface DiffCounts {
  readonly added: number
  readonly removed: number
  readonly changed: number
  readonly same: number
}

/**
 * What differs between the outputs of two versions of a job. As text (`String(diff)`) it is a line for each difference, with
 * keys and values: mind who reads it.
 */
export class OutputDiff {
  readonly counts: DiffCounts
  /** The first ones of each topic, by timestamp and key. */
  readonly differences: ReadonlyArray<Difference>

  /** Made by `diffOutputs` and `diffJobs`. */
  constructor(counts: DiffCounts, differences: ReadonlyArray<Difference>) {
    this.counts = counts
    this.differences = differences
  }

  /** Whether both versions give the same. */
  get isEmpty(): boolean {
    const { added, removed, changed } = this.counts
    return added + removed + changed === 0
  }

  /** The counts, and the differences by topic: `+` added, `-` removed, `~` changed. */
  toString(): string {
    const { added, removed, changed, same } = this.counts
    const lines = [`${added} added, ${removed} removed, ${changed} changed, ${same} the same`]
    let topic: string | undefined
    for (const each of this.differences) {
      if (each.topic !== topic) lines.push(each.topic)
      topic = each.topic
      lines.push(`  ${lineOf(each)}`)
    }
    const left = added + removed + changed - this.differences.length
    if (left > 0) lines.push(`and ${left} more`)
    return lines.join('\n')
  }
}

const lineOf = ({ kind, key, timestamp, before, after }: Difference): string => {
  const where = timestamp === undefined ? show(key) : `${show(key)} at ${new Date(timestamp).toISOString()}`
  if (kind === 'added') return `+ ${where}: ${show(after)}`
  if (kind === 'removed') return `- ${where}: ${show(before)}`
  return `~ ${where}: ${show(before)} -> ${show(after)}`
}

/** As JSON, which escapes what a terminal would obey. */
const show = (value: unknown): string => {
  if (value instanceof Uint8Array)
    return `bytes ${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? String(value)
}
