import type { GroupPartition, GroupState, Member, Owners } from './GroupState.ts'

/**
 * Who should own what: a pure function of the group, so that all members come to the same answer without talking.
 *
 * - `sticky`: everyone keeps what it has, as far as all get the same number within one; only what must move does (Kafka's
 *   cooperative-sticky).
 * - `range`: neighbouring partitions together, the same ranges of each topic, so that partitions of one number go to one member.
 * - `round-robin`: partitions dealt one by one over all topics.
 */
export type Assignment = 'sticky' | 'range' | 'round-robin'

/** All of them. */
export const assignments: ReadonlyArray<Assignment> = ['sticky', 'range', 'round-robin']

/**
 * The owners that the group should come to. Each partition goes to one member that can work on its topic, or is free when
 * there is none. The numbers of partitions of two members that can work on the same topics differ by one at most: in all
 * for `sticky` and `round-robin`, in each topic for `range`.
 */
export const assign = (assignment: Assignment, { members, owners }: GroupState): Owners => {
  // by name, so that a member that comes back under its static name gets what it had
  const sorted = [...members].sort((left, right) => compare(left.name, right.name) || left.id - right.id)
  const topics = Object.keys(owners).sort()
  switch (assignment) {
    case 'range':
      return assignRange(sorted, topics, owners)
    case 'round-robin':
      return assignRoundRobin(sorted, topics, owners)
    case 'sticky':
      return assignSticky(sorted, topics, owners)
  }
}

const assignRange = (members: ReadonlyArray<Member>, topics: ReadonlyArray<string>, owners: Owners): Owners =>
  Object.fromEntries(
    topics.map((topic) => {
      const able = members.filter((member) => canTake(member, topic))
      const { length } = owners[topic]!
      return [
        topic,
        owners[topic]!.map((_, partition) => able[Math.floor((partition * able.length) / length)]?.id ?? 0),
      ]
    }),
  )

const assignRoundRobin = (members: ReadonlyArray<Member>, topics: ReadonlyArray<string>, owners: Owners): Owners => {
  let next = 0
  return Object.fromEntries(
    topics.map((topic) => {
      const deal = (): number => {
        for (let tried = 0; tried < members.length; tried++) {
          const member = members[next++ % members.length]!
          if (canTake(member, topic)) return member.id
        }
        return 0
      }
      return [topic, owners[topic]!.map(deal)]
    }),
  )
}

/** A member, and what it is to have. */
interface Load {
  readonly member: Member
  readonly partitions: GroupPartition[]
}

const assignSticky = (members: ReadonlyArray<Member>, topics: ReadonlyArray<string>, owners: Owners): Owners => {
  const loads = members.map((member): Load => ({ member, partitions: [] }))
  const byId = new Map(loads.map((load) => [load.member.id, load]))
  const homeless: GroupPartition[] = []
  for (const topic of topics) {
    owners[topic]!.forEach((owner, partition) => {
      const load = byId.get(owner)
      const isKept = load !== undefined && canTake(load.member, topic)
      ;(isKept ? load.partitions : homeless).push({ topic, partition })
    })
  }
  for (const each of homeless) leastLoaded(loads, each.topic)?.partitions.push(each)
  while (moveOne(loads));
  return ownersOf(loads, topics, owners)
}

/** Moves a partition from the one with most to the one with fewest, where they differ by more than one; false when none do. */
const moveOne = (loads: ReadonlyArray<Load>): boolean => {
  const fromMost = [...loads].sort((left, right) => right.partitions.length - left.partitions.length)
  for (const from of fromMost) {
    for (let index = from.partitions.length - 1; index >= 0; index--) {
      const to = leastLoaded(loads, from.partitions[index]!.topic)!
      if (from.partitions.length - to.partitions.length < 2) continue
      to.partitions.push(...from.partitions.splice(index, 1))
      return true
    }
  }
  return false
}

const ownersOf = (loads: ReadonlyArray<Load>, topics: ReadonlyArray<string>, owners: Owners): Owners => {
  const target = Object.fromEntries(topics.map((topic) => [topic, owners[topic]!.map(() => 0)]))
  for (const { member, partitions } of loads) {
    for (const { topic, partition } of partitions) target[topic]![partition] = member.id
  }
  return target
}

const leastLoaded = (loads: ReadonlyArray<Load>, topic: string): Load | undefined => {
  let least: Load | undefined
  for (const load of loads) {
    const isLess = least === undefined || load.partitions.length < least.partitions.length
    if (isLess && canTake(load.member, topic)) least = load
  }
  return least
}

const canTake = (member: Member, topic: string): boolean => member.topics[topic] !== undefined

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
