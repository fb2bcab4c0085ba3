import { batchCount } from '../model/batchFormat.ts'
import { TopicFull } from '../model/errors.ts'
import { selectRecords } from '../model/selectRecords.ts'
import type { Append, Trim } from '../ports/Commit.ts'
import type { Storage } from '../ports/Storage.ts'
import { roomOf } from './roomOf.ts'
import { findTopic, type TopicInfo } from './topicCatalog.ts'

/** What a commit appends, within the capacities of its topics. */
export interface Fitting {
  readonly append: ReadonlyArray<Append>
  readonly trim: ReadonlyArray<Trim>
  /** How many records are left out. */
  readonly dropped: number
}

/**
 * The appends of one commit with the bounds of their topics, and what the topics say of records for which there is no room.
 * The bounds are checked once more in the commit: when it is refused with TopicFull, others were faster, and this is asked anew.
 *
 * All of a commit goes in one step, so it waits until all of it has room; what alone is more than a capacity with `wait`
 * goes when all before it is consumed.
 *
 * @param append - the batches are not changed
 * @param topics - those with a capacity among the targets
 * @param wasRefused - records with ids may be there already and need no room, which only the commit can tell: at first
 *   they are tried as they are
 * @returns `undefined` while it has to wait for room
 * @throws TopicFull
 */
export const withinCapacity = (
  storage: Pick<Storage, 'bounds' | 'positions' | 'rows'>,
  append: ReadonlyArray<Append>,
  topics: Iterable<TopicInfo>,
  wasRefused: boolean,
): Fitting | undefined => {
  const infos = [...topics]
  const fitted: Append[] = []
  const trim: Trim[] = []
  let dropped = 0
  for (const [partition, batches] of Map.groupBy(append, (each) => each.partition)) {
    const info = infos.find(
      (each) => partition >= each.firstPartition && partition < each.firstPartition + each.partitions,
    )
    // the one on record, for it may have been altered
    const capacity = info === undefined ? undefined : findTopic(storage, info.name)?.capacity
    if (info === undefined || capacity === undefined) {
      fitted.push(...batches)
      continue
    }
    const { countMax, whenFull } = capacity
    const { room, end } = roomOf(storage, partition, countMax)
    const count = batches.reduce((sum, { batch }) => sum + batchCount(batch), 0)
    const isTried = !wasRefused && batches.some(({ dedupScope }) => dedupScope !== undefined)
    if (count <= room || isTried) fitted.push(...bounded(batches, end + room))
    else if (whenFull === 'wait') {
      if (room < countMax) return undefined
      fitted.push(...bounded(batches, end + count))
    } else if (whenFull === 'reject') {
      throw new TopicFull(
        `topic '${info.name}' partition ${partition - info.firstPartition} has room for ${room} of ${count} records; nothing was committed`,
      )
    } else {
      const kept = whenFull === 'drop-newest' ? room : Math.min(count, countMax)
      const first = whenFull === 'drop-newest' ? 0 : count - kept
      fitted.push(...bounded(between(batches, first, first + kept), end + kept))
      if (whenFull === 'drop-oldest') trim.push({ partition, before: end + kept - countMax, dedupScope: partition })
      dropped += count - kept
    }
  }
  return { append: fitted, trim, dropped }
}

const bounded = (batches: ReadonlyArray<Append>, endMax: number): ReadonlyArray<Append> =>
  batches.map((each) => ({ ...each, endMax }))

/** The records from one place on and before another, counted over all the batches. */
const between = (batches: ReadonlyArray<Append>, from: number, to: number): ReadonlyArray<Append> => {
  let start = 0
  return batches.flatMap((each) => {
    const count = batchCount(each.batch)
    const [first, end] = [Math.max(0, from - start), Math.min(count, to - start)]
    start += count
    if (first >= end) return []
    if (end - first === count) return [each]
    const indexes = Array.from({ length: end - first }, (_, index) => first + index)
    return [{ ...each, batch: selectRecords(each.batch, indexes) }]
  })
}
