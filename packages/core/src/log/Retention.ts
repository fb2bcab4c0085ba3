import { InvalidOption } from '../model/errors.ts'
import { validateName } from '../model/TopicName.ts'
import { optionNames } from './optionNames.ts'
import { requireKnown } from './requireKnown.ts'

/**
 * How long a topic keeps its records. With an age or a size, records beyond either go; with `untilConsumedBy` too, only those
 * that these groups have consumed; with `untilConsumedBy` alone, all that they have consumed. In a topic with cleanup `compact` that
 * stays as far as compaction leaves it, which waits for these groups as well.
 *
 * Records go from the oldest on, in each partition by itself, in the background of whoever has the topic open for writing
 * or runs a job on it, and with `weir.retain`.
 */
export interface Retention {
  /** Records whose timestamp is older go, in ms. A record behind one that is younger stays as long as that one. */
  readonly ageMs?: number | undefined
  /** The oldest batches go while a partition takes more than this. */
  readonly bytesMax?: number | undefined
  /**
   * Groups that must have consumed a record before it goes: these, whether they have begun or not; or all that have a position
   * in the partition or a member that reads the topic, and then nothing goes while there is none.
   */
  readonly untilConsumedBy?: 'all-groups' | ReadonlyArray<string> | undefined
}

/** How many records a partition may hold that are not consumed, and what becomes of more. */
export interface Capacity {
  /**
   * Records in each partition that the slowest group with a position there has not consumed; all kept records when no group has
   * one. Exact over all producers, jobs, handlers, `redrive` and `Weir.append`, whoever appends at the same time; only what
   * a job makes of one record may come to more at once. What exchanges, half messages, schedules and outboxes append is
   * not held back: bound what goes into them.
   */
  readonly countMax: number
  /**
   * - `reject`: an append fails with `TopicFull`; so does the run of a job that appends.
   * - `drop-newest`: an append completes with `dropped: true`; nothing was appended. A job counts them as `dropped`.
   * - `drop-oldest`: the oldest records make room, consumed or not; readers count what they lose as `trimmed`.
   * - `wait`: an append waits until there is room. A task of a job waits with its commit, and reads on when it has gone through.
   */
  readonly whenFull: WhenFull
}

/** What becomes of a record for a full topic. */
export type WhenFull = 'reject' | 'drop-newest' | 'drop-oldest' | 'wait'

const policies: ReadonlyArray<WhenFull> = ['reject', 'drop-newest', 'drop-oldest', 'wait']

const retentionNames = optionNames<Retention>({ ageMs: true, bytesMax: true, untilConsumedBy: true })
const capacityNames = optionNames<Capacity>({ countMax: true, whenFull: true })

/** @throws InvalidOption, InvalidName */
export const validateRetention = (topic: string, retention: Retention): void => {
  requireKnown(`topic '${topic}': retention`, retention, retentionNames)
  const { ageMs, bytesMax, untilConsumedBy } = retention
  requireAtLeastOne(topic, 'retention.ageMs', ageMs)
  requireAtLeastOne(topic, 'retention.bytesMax', bytesMax)
  if (untilConsumedBy !== undefined && untilConsumedBy !== 'all-groups') {
    if (!Array.isArray(untilConsumedBy) || untilConsumedBy.length === 0) {
      throw new InvalidOption(
        `topic '${topic}': retention.untilConsumedBy is ${String(untilConsumedBy)}; expected 'all-groups' or names of groups`,
      )
    }
    for (const group of untilConsumedBy) validateName('group', group as string)
  }
  if (ageMs === undefined && bytesMax === undefined && untilConsumedBy === undefined) {
    throw new InvalidOption(
      `topic '${topic}': retention says nothing; expected ageMs, bytesMax or untilConsumedBy in it`,
    )
  }
}

/** @throws InvalidOption */
export const validateCapacity = (topic: string, capacity: Capacity): void => {
  requireKnown(`topic '${topic}': capacity`, capacity, capacityNames)
  const { countMax, whenFull } = capacity
  requireAtLeastOne(topic, 'capacity.countMax', countMax)
  if (countMax === undefined || !policies.includes(whenFull)) {
    throw new InvalidOption(
      `topic '${topic}': capacity is ${JSON.stringify({ countMax, whenFull })}; expected a countMax, and a whenFull of ${policies.join(', ')}`,
    )
  }
}

const requireAtLeastOne = (topic: string, what: string, given: number | undefined): void => {
  if (given !== undefined && !(Number.isSafeInteger(given) && given >= 1)) {
    throw new InvalidOption(`topic '${topic}': ${what} is ${String(given)}; expected a whole number of at least 1`)
  }
}
