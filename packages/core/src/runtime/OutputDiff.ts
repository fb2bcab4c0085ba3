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

/** What the versions of a job had to read. */
export interface DiffInput {
  readonly job: string
  /** How many records of its sources the job had not read; the larger number, where the versions have other sources. */
  readonly records: number
}

/**
 * What differs between the outputs of two versions of a job. As text (`String(diff)`) it is a line for each difference, with
 * keys and values: mind who reads it.
 */
export class OutputDiff {
  readonly counts: DiffCounts
  /** The first ones of each topic, by timestamp and key. */
  readonly differences: ReadonlyArray<Difference>
  /** `undefined` from `diffOutputs`, which runs nothing. */
  readonly input: DiffInput | undefined

  /** Made by `diffOutputs` and `diffJobs`. */
  constructor(counts: DiffCounts, differences: ReadonlyArray<Difference>, input?: DiffInput) {
    this.counts = counts
    this.differences = differences
    this.input = input
  }

  /** Whether nothing differs: both versions give the same, or neither gives anything, and then `counts.same` is 0. */
  get isEmpty(): boolean {
    const { added, removed, changed } = this.counts
    return added + removed + changed === 0
  }

  /** The counts, and the differences by topic: `+` added, `-` removed, `~` changed. Where nothing was compared, it says why. */
  toString(): string {
    const { added, removed, changed, same } = this.counts
    const hasCompared = added + removed + changed + same > 0
    const lines = hasCompared ? [`${added} added, ${removed} removed, ${changed} changed, ${same} the same`] : []
    if (!hasCompared) lines.push(`nothing was compared: ${nothingGiven(this.input)}`)
    if (this.input?.records === 0) lines.push(noInput(this.input))
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

const nothingGiven = (input: DiffInput | undefined): string => {
  if (input === undefined) return 'the topics have no records'
  return input.records === 0
    ? 'there was nothing to read'
    : `neither version gave anything for the ${input.records} records that were left to read`
}

const noInput = ({ job }: DiffInput): string =>
  `job '${job}' has read its sources to their end, so no new record went through the versions; compare while some are left, or give both ` +
  'versions one name that no job has had: they read from the start then, with no state'

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
