import { describe, expect, test } from 'vitest'
import {
  type Commit,
  commitOf,
  type Committed,
  type CompletableFuture,
  EpochFenced,
  InvalidOption,
  rowKey,
  type Storage,
  StorageFailed,
  StorageFull,
  StorageStalled,
} from '@weir/core'
import {
  always,
  and,
  crashAfter,
  crashBefore,
  crashDuring,
  failWith,
  type FaultPlan,
  fencedOff,
  memory,
  memoryDisk,
  memoryStorage,
  nth,
  on,
  providerWithFaults,
  slow,
  storageFull,
  strike,
  unknownOutcome,
  virtualClock,
  where,
  withChance,
  withFaults,
} from '@weir/testing'
import { epochOf, epochRow, epochValue } from '@weir/core/storage'
import { storageContract } from '@weir/testing/contract'

const key = (n: number): Uint8Array => rowKey(1024, 0, new Uint8Array([n]))
const commitRow = (n: number): Commit => commitOf({ rows: [{ key: key(n), value: new Uint8Array([n]) }] })
const bounds = { recordsMax: 100, bytesMax: 1e6 }
const thirdCommit = and(on('commit'), nth(3))

/** Which of the rows 1 to 9 there are. */
const rowsOf = (storage: Storage): ReadonlyArray<number> =>
  [1, 2, 3, 4, 5, 6, 7, 8, 9].filter((n) => storage.rows.get(key(n)) !== undefined)

/** Commits the rows 1 to `count`, all on their way at once; what became of each, and what is durable. */
const run = async (plan: FaultPlan, count: number) => {
  const clock = virtualClock()
  const disk = memoryDisk()
  const storage = withFaults(memoryStorage({ disk, clock }), plan, { clock })
  const order: string[] = []
  const watch = (n: number, future: CompletableFuture<Committed>): void =>
    void future.whenComplete((_, error) => order.push(error === undefined ? `${n}` : `${n} ${(error as Error).name}`))
  for (let n = 1; n <= count; n++) watch(n, storage.commit(commitRow(n)))
  await clock.settle()
  return { storage, clock, order, durable: rowsOf(memoryStorage({ disk, clock })) }
}

describe('contract', () => {
  const unharmed = storageContract({
    name: 'without faults',
    provide: () => ({ provider: providerWithFaults(memory(), []) }),
  })
  const slowed = storageContract({
    name: 'slow now and then',
    provide: () => ({ provider: providerWithFaults(memory(), [strike(withChance(0.05, 7), slow(1))]) }),
    modelRuns: 10,
  })
  for (const { name, run: runCase } of [...unharmed, ...slowed]) test(name, runCase)
})

test('a crash before a commit keeps the earlier ones and loses it and the later ones', async () => {
  const { order, durable, storage } = await run([strike(thirdCommit, crashBefore)], 5)
  expect(order).toEqual(['1', '2', '3 StorageFailed', '4 StorageFailed', '5 StorageFailed'])
  expect(durable).toEqual([1, 2])
  expect(storage.crashed).toBe(true)
})

test('a crash after a commit keeps it, tells nobody, and loses the later ones', async () => {
  const { order, durable } = await run([strike(thirdCommit, crashAfter)], 5)
  expect(order).toEqual(['1', '2', '3 StorageFailed', '4 StorageFailed', '5 StorageFailed'])
  expect(durable).toEqual([1, 2, 3])
})

test('a crash during a commit lets the process go on for a while, and loses what it calls meanwhile', async () => {
  const { order, clock, storage } = await run([strike(thirdCommit, crashDuring(10))], 5)
  await clock.advance(9)
  expect([order, storage.crashed, rowsOf(storage)]).toEqual([['1', '2'], false, [1, 2]])
  await clock.advance(1)
  expect(order).toEqual(['1', '2', '3 StorageFailed', '4 StorageFailed', '5 StorageFailed'])
  expect(storage.crashed).toBe(true)
  expect(() => crashDuring(-1)).toThrow(InvalidOption)
})

test('one who is fenced off finds the next epoch begun, and the storage goes on', async () => {
  const clock = virtualClock()
  const storage = withFaults(memoryStorage({ clock }), [strike(and(on('commit'), nth(2)), fencedOff)], { clock })
  const epoch = { key: epochRow('me'), value: epochValue(1) }
  storage.commit(commitOf({ rows: [epoch] }))
  const refused = storage.commit({ ...commitRow(2), fence: { owner: 'me', epoch: 1 } })
  const unfenced = storage.commit(commitRow(3))
  await clock.settle()
  await expect(refused).rejects.toThrow(EpochFenced)
  await unfenced
  expect(rowsOf(storage)).toEqual([3])
  expect(epochOf(storage.rows.get(epochRow('me')))).toBe(2)
})

test('a rule may strike the reads of one partition', async () => {
  const clock = virtualClock()
  const behind = where(({ operation, partition }) => operation === 'read' && partition === 1)
  const storage = withFaults(memoryStorage({ clock }), [strike(behind, slow(50))], { clock })
  const [one, other] = [storage.read(1, 0, bounds), storage.read(0, 0, bounds)]
  expect([one.isDone, other.isDone]).toEqual([false, true])
  await clock.advance(50)
  expect(one.isDone).toBe(true)
})

test('after a crash everything fails with StorageFailed, and close completes', async () => {
  const { storage, clock } = await run([strike(thirdCommit, crashAfter)], 3)
  await expect(storage.commit(commitRow(9))).rejects.toThrow(StorageFailed)
  await expect(storage.read(0, 0, bounds)).rejects.toThrow(StorageFailed)
  await expect(storage.offsetAt(0, 0)).rejects.toThrow(StorageFailed)
  for (const call of [
    () => storage.bounds(0),
    () => storage.position('g', 0),
    () => storage.rows.get(key(1)),
    () => storage.rows.range(key(1), key(2), { limit: 1 }),
    () => storage.snapshot(),
  ]) {
    expect(call).toThrow(StorageFailed)
  }
  const closing = storage.close()
  await clock.settle()
  await closing
})

test('a failed commit has no effect, is answered in its turn, and the storage goes on', async () => {
  const { order, durable, storage } = await run([strike(thirdCommit, storageFull)], 5)
  expect(order).toEqual(['1', '2', '3 StorageFull', '4', '5'])
  expect(durable).toEqual([1, 2, 4, 5])
  expect(storage.crashed).toBe(false)
})

test('an unknown outcome applies the commit, ends commits, and leaves reads as they are', async () => {
  const { order, durable, storage } = await run([strike(thirdCommit, unknownOutcome)], 5)
  expect(order).toEqual(['1', '2', '3 StorageFailed', '4 StorageFailed', '5 StorageFailed'])
  expect(durable).toEqual([1, 2, 3])
  await expect(storage.commit(commitRow(9))).rejects.toThrow(StorageFailed)
  expect(rowsOf(storage)).toEqual([1, 2, 3])
  expect((await storage.read(0, 0, bounds)).end).toBe(0)
})

test('a slow commit holds those behind it, so that the order stays', async () => {
  const { order, clock, storage } = await run([strike(thirdCommit, slow(100))], 5)
  expect(order).toEqual(['1', '2'])
  await clock.advance(99)
  expect(rowsOf(storage)).toEqual([1, 2])
  await clock.advance(1)
  expect(order).toEqual(['1', '2', '3', '4', '5'])
})

test('slow commits add up', async () => {
  const { order, clock } = await run([strike(on('commit'), slow(10))], 3)
  await clock.advance(29)
  expect(order).toEqual(['1', '2'])
  await clock.advance(1)
  expect(order).toEqual(['1', '2', '3'])
})

test('close waits for slow commits', async () => {
  const { order, clock, storage } = await run([strike(on('commit'), slow(10))], 2)
  let closed = false
  storage.close().thenRun(() => {
    closed = true
  })
  await clock.advance(19)
  expect(closed).toBe(false)
  await clock.advance(1)
  expect([closed, order]).toEqual([true, ['1', '2']])
})

test('reads fail and wait by plan as well', async () => {
  const clock = virtualClock()
  const stalled = failWith(new StorageStalled('for the test'))
  const plan = [strike(and(on('read'), nth(1)), stalled), strike(and(on('read'), nth(1)), slow(50))]
  const storage = withFaults(memoryStorage({ clock }), plan, { clock })
  await expect(storage.read(0, 0, bounds)).rejects.toThrow(StorageStalled)
  const late = storage.read(0, 0, bounds)
  await clock.advance(49)
  expect(late.isDone).toBe(false)
  await clock.advance(1)
  expect((await late).end).toBe(0)
  expect((await storage.read(0, 0, bounds)).end).toBe(0)
})

test('the first rule that matches strikes, and those behind it are not asked', async () => {
  const { order } = await run(
    [strike(and(on('commit'), nth(1)), storageFull), strike(and(always, nth(1)), crashBefore)],
    3,
  )
  expect(order).toEqual(['1 StorageFull', '2 StorageFailed', '3 StorageFailed'])
})

test("a provider's plan goes on over reopenings, and strikes the opening too", async () => {
  const full = failWith(new StorageFull('for the test'))
  // the last rule is not asked about the second commit, so the fourth is the third that it sees
  const plan = [
    strike(and(on('commit'), nth(2)), crashAfter),
    strike(and(on('open'), nth(2)), full),
    strike(and(on('commit'), nth(3)), full),
  ]
  const provider = providerWithFaults(memory(), plan)
  const first = await provider.open()
  await first.commit(commitRow(1))
  await expect(first.commit(commitRow(2))).rejects.toThrow(StorageFailed)
  await expect(provider.open()).rejects.toThrow(StorageFull)
  const second = await provider.open()
  expect(rowsOf(second)).toEqual([1, 2])
  await second.commit(commitRow(3))
  await expect(second.commit(commitRow(4))).rejects.toThrow(StorageFull)
  await second.commit(commitRow(5))
  expect(rowsOf(second)).toEqual([1, 2, 3, 5])
})
