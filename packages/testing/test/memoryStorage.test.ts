import { describe, expect, test } from 'vitest'
import { CommitConflict, commitOf, CorruptBatch, InvalidOption, rowKey, StorageClosed, StorageFailed } from '@weir/core'
import { RecordBatchBuilder } from '@weir/core/storage'
import { memory, memoryDisk, memoryStorage, virtualClock } from '@weir/testing'
import { storageContract } from '@weir/testing/contract'

const key = rowKey(1024, 0, new Uint8Array([1]))
const value = new Uint8Array([2])
const bounds = { recordsMax: 100, bytesMax: 1e6 }

const batch = (text: string): Uint8Array => {
  const builder = new RecordBatchBuilder()
  builder.add(null, text, 0, null, null, -Infinity)
  return builder.build()
}

describe('contract', () => {
  const cases = storageContract({ name: 'memory', provide: () => ({ provider: memory() }) })
  for (const { name, run } of cases) test(name, run)
})

test.each<readonly [message: string, make: () => unknown]>([
  ['memoryStorage: the options are 5; expected an object', () => memoryStorage(5 as never)],
  [
    "memoryStorage: there is no option 'clocks'; expected some of disk, clock",
    () => memoryStorage({ clocks: 1 } as never),
  ],
  ['memory: the options are ./data; expected an object', () => memory('./data' as never)],
])('options that are none are refused: %s', (message, make) => {
  expect(make).toThrow(InvalidOption)
  expect(make).toThrow(message)
})

test('commits become visible in a turn of the clock, all of a turn together, and none before', async () => {
  const clock = virtualClock()
  const storage = memoryStorage({ clock })
  const first = storage.commit(commitOf({ append: [{ partition: 0, batch: batch('a') }] }))
  const second = storage.commit(commitOf({ rows: [{ key, value }] }))
  await Promise.resolve()
  expect([first.isDone, second.isDone, storage.bounds(0).end]).toEqual([false, false, 0])
  expect(clock.runTurns()).toBe(1)
  expect([first.isDone, second.isDone, storage.bounds(0).end, storage.rows.get(key)]).toEqual([true, true, 1, value])
})

test('listeners are called once for all commits of a turn, in a later turn', async () => {
  const clock = virtualClock()
  const storage = memoryStorage({ clock })
  const seen: number[] = []
  storage.onChange(() => void seen.push(storage.bounds(0).end))
  for (let n = 0; n < 5; n++) storage.commit(commitOf({ append: [{ partition: 0, batch: batch('a') }] }))
  expect(seen).toEqual([])
  clock.runTurns()
  expect(seen).toEqual([5])
})

test('a crash loses the commits that are not durable and nothing else', async () => {
  const clock = virtualClock()
  const disk = memoryDisk()
  const storage = memoryStorage({ disk, clock })
  storage.commit(commitOf({ append: [{ partition: 0, batch: batch('durable') }] }))
  await clock.settle()
  const lost = storage.commit(commitOf({ append: [{ partition: 0, batch: batch('lost') }], rows: [{ key, value }] }))
  storage.crash()
  await expect(lost).rejects.toThrow(StorageFailed)
  await clock.settle()
  expect(disk.commitCount).toBe(1)
  const reopened = await memory({ disk, clock }).open()
  expect([reopened.bounds(0).end, reopened.rows.get(key)]).toEqual([1, undefined])
})

test('after a crash every call fails with StorageFailed, and close completes', async () => {
  const clock = virtualClock()
  const storage = memoryStorage({ clock })
  let called = false
  storage.onChange(() => {
    called = true
  })
  storage.crash()
  storage.crash()
  await expect(storage.commit(commitOf({}))).rejects.toThrow(StorageFailed)
  await expect(storage.read(0, 0, bounds)).rejects.toThrow(StorageFailed)
  expect(() => storage.bounds(0)).toThrow(StorageFailed)
  expect(() => storage.rows.get(key)).toThrow(StorageFailed)
  await storage.close()
  await clock.settle()
  expect(called).toBe(false)
})

test('a crash of one handle leaves another one of the same disk as it is', async () => {
  const clock = virtualClock()
  const provider = memory({ clock })
  const [one, other] = [await provider.open(), await provider.open()]
  const kept = other.commit(commitOf({ rows: [{ key, value }] }))
  one.crash()
  await clock.settle()
  await kept
  expect(other.rows.get(key)).toEqual(value)
})

test('what a commit holds is taken at the call: changing the bytes afterwards changes nothing', async () => {
  const storage = memoryStorage()
  const bytes = batch('kept')
  const changing = { key: new Uint8Array(key), value: new Uint8Array(value) }
  const future = storage.commit(commitOf({ append: [{ partition: 0, batch: bytes }], rows: [changing] }))
  for (const buffer of [bytes, changing.key, changing.value]) buffer.fill(0)
  await future
  expect(storage.rows.get(key)).toEqual(value)
  expect((await storage.read(0, 0, bounds)).batches[0]!.valueText(0)).toBe('kept')
})

test('bytes that a reader changed are found at the next read', async () => {
  const storage = memoryStorage()
  await storage.commit(commitOf({ append: [{ partition: 0, batch: batch('read only') }] }))
  const [read] = (await storage.read(0, 0, bounds)).batches
  read!.value(0)!.fill(0)
  await expect(storage.read(0, 0, bounds)).rejects.toThrow(CorruptBatch)
})

test('bytes that are no batch are refused, with all of their commit', async () => {
  const storage = memoryStorage()
  const append = [
    { partition: 0, batch: batch('good') },
    { partition: 0, batch: new Uint8Array(80) },
  ]
  await expect(storage.commit(commitOf({ append }))).rejects.toThrow(CorruptBatch)
  expect(storage.bounds(0).end).toBe(0)
})

test('a snapshot that was closed is not to be used', async () => {
  const storage = memoryStorage()
  const snapshot = storage.snapshot()
  snapshot.close()
  expect(() => snapshot.get(key)).toThrow(StorageClosed)
})

test('errors name what was expected and what is on record, and no payload', async () => {
  const storage = memoryStorage()
  const refused = storage.commit(commitOf({ positions: [{ group: 'g', partition: 3, from: 5, next: 6 }] }))
  await expect(refused).rejects.toThrow(CommitConflict)
  await expect(refused).rejects.toThrow(
    "group 'g' moves its position of partition 3 from 5 to 6; the one on record is 0",
  )
})
