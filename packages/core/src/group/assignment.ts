import type { GroupState, Member, Owners } from './GroupState.ts'

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

interface Load {
  readonly member: Member
  count: number
}

const assignSticky = (members: ReadonlyArray<Member>, topics: ReadonlyArray<string>, owners: Owners): Owners => {
  const loads = new Map(members.map((member): [number, Load] => [member.id, { member, count: 0 }]))
  const target: Record<string, number[]> = {}
  const take = (topic: string, partition: number, load: Load | undefined): void => {
    target[topic]![partition] = load?.member.id ?? 0
    if (load !== undefined) load.count++
  }
  for (const topic of topics) {
    target[topic] = owners[topic]!.map((owner) => {
      const load = loads.get(owner)
      if (load === undefined || !canTake(load.member, topic)) return 0
      load.count++
      return owner
    })
  }
  for (const topic of topics) {
    target[topic]!.forEach((owner, partition) => {
      if (owner === 0) take(topic, partition, leastLoaded(loads.values(), topic))
    })
  }
  // then from those with more than one too many to those with the fewest, until there is nobody of that kind
  for (const topic of topics) {
    for (let partition = target[topic]!.length - 1; partition >= 0; partition--) {
      const from = loads.get(target[topic]![partition]!)
      const least = leastLoaded(loads.values(), topic)
      if (from === undefined || least === undefined || from.count - least.count < 2) continue
      from.count--
      take(topic, partition, least)
    }
  }
  return target
}

const leastLoaded = (loads: Iterable<Load>, topic: string): Load | undefined => {
  let least: Load | undefined
  for (const load of loads)
    if (canTake(load.member, topic) && (least === undefined || load.count < least.count)) least = load
  return least
}

const canTake = (member: Member, topic: string): boolean => member.topics[topic] !== undefined

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)
