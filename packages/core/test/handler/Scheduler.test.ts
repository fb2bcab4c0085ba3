import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Schedulable, Scheduler } from '../../src/handler/Scheduler.ts'

const work = (offset: number, lane?: string, priority = 0): Schedulable => ({ offset, lane, priority, dueMs: 0 })

/** Takes all that can begin now. */
const takeAll = (scheduler: Scheduler<Schedulable>, nowMs = 0): ReadonlyArray<number> => {
  const taken: number[] = []
  for (let item = scheduler.take(nowMs); item !== undefined; item = scheduler.take(nowMs)) taken.push(item.offset)
  return taken
}

describe('a scheduler', () => {
  test('begins the first of each lane, and the next one when that is settled', () => {
    const scheduler = new Scheduler<Schedulable>(10)
    const [a1, a2, b3] = [work(1, 'a'), work(2, 'a'), work(3, 'b')] as const
    for (const item of [a1, a2, b3]) scheduler.add(item)
    expect(takeAll(scheduler)).toEqual([1, 3])
    scheduler.settle(b3)
    expect(takeAll(scheduler)).toEqual([])
    scheduler.settle(a1)
    expect(takeAll(scheduler)).toEqual([2])
    scheduler.settle(a2)
    expect(scheduler.size).toBe(0)
  })

  test('has no more running than it may', () => {
    const scheduler = new Scheduler<Schedulable>(2)
    const all = [1, 2, 3].map((offset) => work(offset))
    for (const item of all) scheduler.add(item)
    expect(takeAll(scheduler)).toEqual([1, 2])
    expect(scheduler.runningCount).toBe(2)
    scheduler.settle(all[1]!)
    expect(takeAll(scheduler)).toEqual([3])
  })

  test('begins what has the larger priority first, and of equal ones what came first', () => {
    const scheduler = new Scheduler<Schedulable>(10)
    for (const item of [work(1), work(2, undefined, 5), work(3, 'a', 5), work(4, undefined, -1)]) scheduler.add(item)
    expect(takeAll(scheduler)).toEqual([2, 3, 1, 4])
  })

  test('waits until what was delayed is due, with its lane, while its place is free for others', () => {
    const scheduler = new Scheduler<Schedulable>(1)
    const first = work(1, 'a')
    for (const item of [first, work(2, 'a'), work(3, 'b')]) scheduler.add(item)
    expect(takeAll(scheduler)).toEqual([1])
    scheduler.delay(first, 100)
    expect(scheduler.nextDueMs).toBe(100)
    const taken = scheduler.take(99)
    expect(taken?.offset).toBe(3)
    scheduler.settle(taken!)
    expect(takeAll(scheduler, 99)).toEqual([])
    expect(takeAll(scheduler, 100)).toEqual([1])
    expect(scheduler.nextDueMs).toBe(Infinity)
  })

  test('gives a lane out whole, with the one that runs first; then the lane begins anew', () => {
    const scheduler = new Scheduler<Schedulable>(1)
    const [a1, a2, b3, a4] = [work(1, 'a'), work(2, 'a'), work(3, 'b'), work(4, 'a')] as const
    for (const item of [a1, a2, b3, a4]) scheduler.add(item)
    expect(takeAll(scheduler)).toEqual([1])
    expect(scheduler.takeLane(a1)).toEqual([a1, a2, a4])
    expect(scheduler.size).toBe(1)
    expect(takeAll(scheduler)).toEqual([3])
    scheduler.settle(b3)
    scheduler.add(work(5, 'a'))
    expect(takeAll(scheduler)).toEqual([5])
  })

  test('keeps each lane in order and loses nothing, whatever happens', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('add' as const), lane: fc.constantFrom('a', 'b', undefined), priority: fc.nat(2) }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constantFrom('settle' as const, 'delay' as const), which: fc.nat(), wait: fc.nat(20) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 4 }), (steps, concurrencyMax) => {
        const scheduler = new Scheduler<Schedulable>(concurrencyMax)
        const running: Schedulable[] = []
        const settled: Schedulable[] = []
        let nowMs = 1
        let added = 0
        const settle = (item: Schedulable): void => {
          scheduler.settle(item)
          settled.push(item)
        }
        for (const each of steps) {
          nowMs++
          if (each.do === 'add') scheduler.add(work(added++, each.lane, each.priority))
          else if (each.do === 'take') {
            const item = scheduler.take(nowMs)
            if (item !== undefined) running.push(item)
            expect(running.length).toBeLessThanOrEqual(concurrencyMax)
            const lanes = running.flatMap(({ lane }) => (lane === undefined ? [] : [lane]))
            expect(new Set(lanes).size).toBe(lanes.length)
          } else if (running.length > 0) {
            const [item] = running.splice(each.which % running.length, 1)
            if (each.do === 'settle') settle(item!)
            else scheduler.delay(item!, nowMs + each.wait)
          }
        }
        for (const item of running) settle(item)
        for (let item = scheduler.take(1e9); item !== undefined; item = scheduler.take(1e9)) settle(item)
        expect(settled).toHaveLength(added)
        expect(scheduler.size).toBe(0)
        for (const lane of ['a', 'b']) {
          const offsets = settled.filter((item) => item.lane === lane).map(({ offset }) => offset)
          expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
        }
      }),
    )
  })
})
