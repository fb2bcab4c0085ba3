import { expect, test } from 'vitest'
import { msgpack } from '../../src/codec/msgpack.ts'
import { Pending } from '../../src/handler/Pending.ts'
import type { TaskContext } from '../../src/job/Operator.ts'
import type { StoreDefinition, TaskRows } from '../../src/job/Store.ts'
import { compareBytes } from '../../src/model/compareBytes.ts'

const store: StoreDefinition<unknown, unknown> = { name: 'pending', kind: 'key-value', value: msgpack() }

/** The runs of a task, one after the other: each begins with the rows that those before it have left. */
const taskOf = (): { run: (position: number) => Pending } => {
  const rows = new Map<string, readonly [Uint8Array, Uint8Array]>()
  const taskRows: TaskRows = {
    *entries() {
      yield* [...rows.values()].toSorted(([left], [right]) => compareBytes(left, right))
    },
    put: (key, value) => {
      if (value === null) rows.delete(key.join())
      else rows.set(key.join(), [key, value])
    },
  }
  return {
    run: (position) =>
      new Pending({ taskRows: () => taskRows, readUpTo: () => position } as unknown as TaskContext, store),
  }
}

/** Records from one offset to before another, of which some are settled. */
const read = (pending: Pending, from: number, to: number, settled: ReadonlyArray<number>): void => {
  for (let offset = from; offset < to; offset++) pending.add({ offset, isKept: settled.includes(offset) })
  pending.flush(to)
}

test('what was left open is known to later runs, also to one after a run that has read less of it', () => {
  const task = taskOf()
  read(task.run(0), 0, 10, [0, 1, 3, 4, 5, 6, 8, 9])
  const second = task.run(2)
  expect([...second.before.unsettled]).toEqual([2, 7])
  read(second, 2, 5, [3, 4])
  const third = task.run(2)
  expect([third.before.position, ...third.before.unsettled]).toEqual([10, 2, 7])
  read(third, 2, 10, [2, 3, 4, 5, 6, 7, 8, 9])
  expect(task.run(10).before.position).toBe(-1)
})

test('what was read before a seek back counts for nothing', () => {
  const task = taskOf()
  read(task.run(4), 4, 8, [5, 6, 7])
  expect(task.run(2).before.position).toBe(-1)
})
