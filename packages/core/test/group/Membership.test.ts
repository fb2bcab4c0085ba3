import { memoryStorage, memoryDisk, virtualClock, type VirtualClock } from '@weir/testing'
import { expect, test } from 'vitest'
import { readGroup } from '../../src/group/groupRow.ts'
import { Membership } from '../../src/group/Membership.ts'
import type { Clock } from '../../src/ports/Clock.ts'

const leaseMs = 8_000

/** A clock of a machine that can be put to sleep: what was due meanwhile runs when it wakes, later than it was due. */
const sleepy = (clock: VirtualClock): Clock & { sleep: () => void; wake: () => void } => {
  let missed: Array<() => void> | undefined
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    turn: (action) => clock.turn(action),
    after: (delayMs, action) =>
      clock.after(delayMs, () => {
        if (missed === undefined) action()
        else missed.push(action)
      }),
    sleep: () => {
      missed = []
    },
    wake: () => {
      const due = missed ?? []
      missed = undefined
      for (const action of due) action()
    },
  }
}

const open = async () => {
  const clock = virtualClock()
  const machine = sleepy(clock)
  const disk = memoryDisk()
  const lost: string[] = []
  const join = async (name: string): Promise<Membership> => {
    const storage = memoryStorage({ disk, clock: machine })
    const joining = { group: 'g', name, leaseMs, topics: { t: 2 } }
    const joined = Membership.join(storage, machine, joining, {
      onLost: () => lost.push(name),
      onFailed: (error) => {
        throw error
      },
    })
    await clock.settle()
    return joined
  }
  const members = (): ReadonlyArray<string> =>
    readGroup(memoryStorage({ disk, clock }).rows, 'g').state.members.map(({ name }) => name)
  return { clock, machine, join, members, lost }
}

test('of two members that take the same free partition at once one has it, and the other does not', async () => {
  const { clock, join } = await open()
  const [first, second] = [await join('first'), await join('second')]
  const claim = [
    { topic: 't', partition: 0 },
    { topic: 't', partition: 1 },
  ]
  const taken = [first.handOver([], claim), second.handOver([], claim)]
  await clock.settle()
  const [byFirst, bySecond] = [await taken[0]!, await taken[1]!]
  expect([byFirst.length, bySecond.length]).toEqual([2, 0])
  expect(byFirst.every((each) => first.holds(each))).toBe(true)
})

test('members that slept for longer than a lease, all of them, remove nobody when they wake', async () => {
  const { clock, machine, join, members, lost } = await open()
  await join('first')
  await join('second')
  await clock.advance(leaseMs)
  machine.sleep()
  await clock.advance(2 * leaseMs)
  machine.wake()
  await clock.advance(leaseMs)
  expect([members(), lost]).toEqual([['first', 'second'], []])
})
