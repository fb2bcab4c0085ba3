import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assign, assignments } from '../../src/group/assignment.ts'
import {
  emptyGroup,
  type GroupState,
  handOver,
  join,
  ownedBy,
  type Owners,
  remove,
} from '../../src/group/GroupState.ts'

const member = (name: string, topics: Readonly<Record<string, number>>) => ({
  name,
  session: name,
  leaseMs: 1_000,
  run: 0,
  topics,
})

const arbitraryTopics = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 12 }), { minKeys: 1 })

/** A group of any history: members that come and go, and take some of what is due to them. */
const arbitraryGroup: fc.Arbitrary<GroupState> = fc
  .record({
    topics: arbitraryTopics,
    steps: fc.array(
      fc.record({ name: fc.constantFrom('p', 'q', 'r', 's', 't'), leaves: fc.boolean(), settles: fc.boolean() }),
      { minLength: 1, maxLength: 12 },
    ),
  })
  .map(({ topics, steps }) => {
    let state = emptyGroup
    for (const { name, leaves, settles } of steps) {
      const present = state.members.find((each) => each.name === name)
      state = leaves && present !== undefined ? remove(state, [present.id]) : join(state, member(name, topics))
      if (settles) state = settled(state)
    }
    return state.members.length === 0 ? join(state, member('p', topics)) : state
  })

/** What comes of a group when each member does what falls to it, in turn, until nobody has anything to do. */
const settled = (state: GroupState, assignment: (typeof assignments)[number] = 'sticky'): GroupState => {
  let current = state
  for (let round = 0; round < 1_000; round++) {
    const before = current
    for (const { id } of current.members) {
      const due = ownedBy(assign(assignment, current), id)
      const isDue = (each: { topic: string; partition: number }) =>
        due.some(({ topic, partition }) => topic === each.topic && partition === each.partition)
      const release = ownedBy(current.owners, id).filter((each) => !isDue(each))
      const claim = ownedBy(current.owners, 0).filter(isDue)
      if (release.length > 0 || claim.length > 0) current = handOver(current, id, { release, claim })
    }
    if (current === before) return current
  }
  throw new Error('the group does not come to rest')
}

const countOf = (owners: Owners, id: number): number => ownedBy(owners, id).length

const spread = (counts: ReadonlyArray<number>): number => Math.max(...counts) - Math.min(...counts)

describe.each(assignments)('the assignment %s', (assignment) => {
  test('gives every partition to exactly one of the members', () => {
    fc.assert(
      fc.property(arbitraryGroup, (state) => {
        const target = assign(assignment, state)
        const ids = new Set(state.members.map(({ id }) => id))
        expect(Object.keys(target).toSorted()).toEqual(Object.keys(state.owners).toSorted())
        for (const [topic, owners] of Object.entries(target)) {
          expect(owners).toHaveLength(state.owners[topic]!.length)
          for (const owner of owners) expect(ids.has(owner)).toBe(true)
        }
      }),
    )
  })

  test('is balanced within one: over all partitions, for ranges in each topic', () => {
    fc.assert(
      fc.property(arbitraryGroup, (state) => {
        const target = assign(assignment, state)
        const topics =
          assignment === 'range' ? Object.keys(target).map((topic) => ({ [topic]: target[topic]! })) : [target]
        for (const owners of topics) {
          expect(spread(state.members.map(({ id }) => countOf(owners, id)))).toBeLessThanOrEqual(1)
        }
      }),
    )
  })

  test('is the same for all who ask, and comes to rest when all do what it says', () => {
    fc.assert(
      fc.property(arbitraryGroup, (state) => {
        expect(assign(assignment, structuredClone(state))).toEqual(assign(assignment, state))
        const atRest = settled(state, assignment)
        expect(atRest.owners).toEqual(assign(assignment, atRest))
        expect(ownedBy(atRest.owners, 0)).toEqual([])
      }),
    )
  })

  test('leaves a partition free when nobody can work on its topic', () => {
    const state = join(join(emptyGroup, member('p', { a: 2, b: 1 })), member('q', { a: 2 }))
    const without = remove(state, [state.members[0]!.id])
    expect(assign(assignment, without)['b']).toEqual([0])
    expect(assign(assignment, without)['a']).toEqual([2, 2])
  })
})

describe('the sticky assignment', () => {
  test('moves no partition that need not move', () => {
    fc.assert(
      fc.property(arbitraryGroup, fc.boolean(), (any, leaves) => {
        const before = settled(any)
        const topics = before.members[0]!.topics
        const after =
          leaves && before.members.length > 1
            ? remove(before, [before.members[0]!.id])
            : join(before, member('new', topics))
        const target = assign('sticky', after)
        const partitions = Object.values(before.owners).flat().length
        const quota = Math.floor(partitions / after.members.length)
        let moved = 0
        for (const [topic, owners] of Object.entries(after.owners)) {
          owners.forEach((owner, partition) => (moved += owner !== 0 && target[topic]![partition] !== owner ? 1 : 0))
        }
        // who leaves takes nothing from those who stay; who comes gets no more than its share
        expect(moved).toBeLessThanOrEqual(after.members.length > before.members.length ? quota : 0)
      }),
    )
  })

  test('takes from the one that has most, when one more comes', () => {
    const one = settled(join(emptyGroup, member('p', { a: 4 })))
    const two = settled(join(one, member('q', { a: 4 })))
    expect(two.owners).toEqual({ a: [1, 1, 2, 2] })
    const three = settled(join(two, member('r', { a: 4 })))
    expect(three.owners['a']!.filter((owner, index) => owner !== two.owners['a']![index])).toEqual([3])
  })
})

test('ranges of topics with as many partitions are the same, so that joined records meet', () => {
  const state = ['p', 'q', 'r'].reduce((group, name) => join(group, member(name, { a: 8, b: 8 })), emptyGroup)
  const { a, b } = assign('range', state)
  expect(a).toEqual([1, 1, 1, 2, 2, 2, 3, 3])
  expect(b).toEqual(a)
})

test('a member that joins under a name that is taken replaces the one that had it', () => {
  const first = settled(join(emptyGroup, member('p', { a: 2 })))
  const again = join(first, member('p', { a: 2 }))
  expect(again.members.map(({ id }) => id)).toEqual([3])
  expect(again.owners).toEqual({ a: [0, 0] })
})
