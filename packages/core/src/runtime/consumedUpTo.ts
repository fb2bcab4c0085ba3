import { listGroups, readGroup } from '../group/groupRow.ts'
import type { TopicInfo } from '../log/topicCatalog.ts'
import type { Storage } from '../ports/Storage.ts'

/**
 * Up to where every group that the topic's retention waits for has consumed a partition; its end when none is waited for.
 *
 * @param partition - within the topic
 */
export const consumedUpTo = (
  storage: Storage,
  { name, firstPartition, retention }: Pick<TopicInfo, 'name' | 'firstPartition' | 'retention'>,
  partition: number,
): number => {
  const place = firstPartition + partition
  const { start, end } = storage.bounds(place)
  const groups = retention?.untilConsumedBy
  if (groups === undefined) return end
  if (groups !== 'all-groups') return Math.min(end, ...groups.map((group) => storage.position(group, place)))
  const positions = new Map(storage.positions(place))
  // a group that has only just begun has no position yet, and needs everything
  for (const group of listGroups(storage.rows)) {
    const reads = readGroup(storage.rows, group).state.members.some(({ topics }) => topics[name] !== undefined)
    if (reads && !positions.has(group)) positions.set(group, start)
  }
  return positions.size === 0 ? start : Math.min(end, ...positions.values())
}
