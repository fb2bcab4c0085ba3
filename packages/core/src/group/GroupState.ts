/**
 * Who shares a group's work, and who owns which partition: one value, in one row of the storage, changed by commits that
 * expect it as it was read. So all members see the same, and none of them leads.
 *
 * ```text
 *              join                     claim                    release, remove
 *   (new) ------------> member   free ---------> owned by member ----------------> free
 *                         |
 *                         | leave; removed: its session has ended, its lease ran out, or one of its name joined
 *                         v
 *                       (gone)
 * ```
 */
export interface GroupState {
  /** Grows with every change. */
  readonly version: number
  /** One round of membership: grows when members come and go. */
  readonly generation: number
  /** In the order in which they came. */
  readonly members: ReadonlyArray<Member>
  /** By topic: the id of each partition's owner, 0 for a free one. */
  readonly owners: Owners
  /** Topics of which a partition belongs to whoever owns that of another topic, by name: the name of that one. */
  readonly beside: Readonly<Record<string, string>>
}

/** By topic and partition. */
export type Owners = Readonly<Record<string, ReadonlyArray<number>>>

/** One who shares the work. */
export interface Member {
  /** The generation in which it came, so unique in the group for ever. */
  readonly id: number
  /** Its static name: who joins under it takes over from whoever had it. */
  readonly name: string
  /** The storage handle that it works with (`Storage.session`). */
  readonly session: string
  /** How long it may give no sign of life, in ms. */
  readonly leaseMs: number
  /** The run to the end that it is part of; 0 for a member that goes on for ever. */
  readonly run: number
  /** What it can work on: topics and the number of their partitions. */
  readonly topics: Readonly<Record<string, number>>
}

/** One partition of a topic: the unit that is owned. */
export interface GroupPartition {
  readonly topic: string
  readonly partition: number
}

/** A group that nobody has joined yet. */
export const emptyGroup: GroupState = { version: 0, generation: 0, members: [], owners: {}, beside: {} }

/** The group with one more member; one of the same name is removed. */
export const join = (state: GroupState, joining: Omit<Member, 'id'>, beside: GroupState['beside'] = {}): GroupState => {
  const without = remove(
    state,
    state.members.filter(({ name }) => name === joining.name).map(({ id }) => id),
  )
  const generation = without.generation + 1
  const owners: Record<string, ReadonlyArray<number>> = { ...without.owners }
  for (const [topic, partitions] of Object.entries(joining.topics)) {
    owners[topic] ??= new Array<number>(partitions).fill(0)
  }
  // a topic may have changed sides since
  const stillBeside = Object.entries(without.beside).filter(([topic]) => joining.topics[topic] === undefined)
  for (const topic of Object.keys(beside)) delete owners[topic]
  return {
    version: state.version + 1,
    generation,
    members: [...without.members, { ...joining, id: generation }],
    owners,
    beside: { ...Object.fromEntries(stillBeside), ...beside },
  }
}

/** The group without these members: what they owned is free. Without change when none of them is there. */
export const remove = (state: GroupState, ids: ReadonlyArray<number>): GroupState => {
  const gone = new Set(state.members.map(({ id }) => id).filter((id) => ids.includes(id)))
  if (gone.size === 0) return state
  return {
    ...state,
    version: state.version + 1,
    generation: state.generation + 1,
    members: state.members.filter(({ id }) => !gone.has(id)),
    owners: mapOwners(state.owners, (owner) => (gone.has(owner) ? 0 : owner)),
  }
}

/** The group as nobody has it: the numbers of rounds and runs go on, so that what was noted of one is not taken for another. */
export const withoutMembers = (state: GroupState): GroupState =>
  remove(
    state,
    state.members.map(({ id }) => id),
  )

/** The group after a member has given these up, and taken those that were free. */
export const handOver = (
  state: GroupState,
  id: number,
  {
    release,
    claim,
  }: { readonly release: ReadonlyArray<GroupPartition>; readonly claim: ReadonlyArray<GroupPartition> },
): GroupState => {
  const owners: Record<string, number[]> = {}
  const of = (topic: string): number[] => (owners[topic] ??= [...(state.owners[topic] ?? [])])
  for (const { topic, partition } of release) if (of(topic)[partition] === id) of(topic)[partition] = 0
  for (const { topic, partition } of claim) if (of(topic)[partition] === 0) of(topic)[partition] = id
  return { ...state, version: state.version + 1, owners: { ...state.owners, ...owners } }
}

/** What a member owns, by topic in the order of their names, and partition. */
export const ownedBy = (owners: Owners, id: number): ReadonlyArray<GroupPartition> =>
  Object.keys(owners)
    .sort()
    .flatMap((topic) => owners[topic]!.flatMap((owner, partition) => (owner === id ? [{ topic, partition }] : [])))

/** The member of this id, if it still is one. */
export const memberOf = (state: GroupState, id: number): Member | undefined =>
  state.members.find((member) => member.id === id)

const mapOwners = (owners: Owners, change: (owner: number) => number): Owners =>
  Object.fromEntries(Object.entries(owners).map(([topic, each]) => [topic, each.map(change)]))
