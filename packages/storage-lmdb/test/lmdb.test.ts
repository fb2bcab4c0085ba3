import { commitOf, CorruptBatch, BufferFull, SnapshotExpired, type Storage } from '@weir/core'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { logKey } from '../src/keys.ts'
import { numberedBatch } from './batches.ts'
import { dumpStored, putStored } from './changeStored.ts'
import { readNumbers } from './readNumbers.ts'
import { temporaryFolder } from './temporaryFolder.ts'

let folder: ReturnType<typeof temporaryFolder>
let storage: Storage

beforeEach(async () => {
  folder = temporaryFolder()
  storage = await lmdb(folder.path).open()
})
afterEach(async () => {
  await storage.close()
  folder.remove()
})

const appendTo = (partition: number, first: number, count: number, value?: string) =>
  storage.commit(commitOf({ append: [{ partition, batch: numberedBatch(first, count, value) }] }))

test('a batch with a flipped bit is never handed out, and the others are', async () => {
  for (const number of [0, 1, 2]) await appendTo(0, number, 1)
  await storage.close()
  const key = Buffer.from(logKey(0, 1)).toString('hex')
  const [, value] = dumpStored(folder.path).find(([stored]) => stored === key)!
  const flipped = Buffer.from(value, 'hex')
  flipped[flipped.length - 1]! ^= 1
  putStored(folder.path, [[key, flipped.toString('hex')]])

  storage = await lmdb(folder.path).open()
  const bounds = { recordsMax: 1, bytesMax: 1 }
  await expect(storage.read(0, 1, bounds)).rejects.toBeInstanceOf(CorruptBatch)
  expect((await storage.read(0, 0, bounds)).batches[0]!.keyText(0)).toBe('0')
  expect((await storage.read(0, 2, bounds)).batches[0]!.keyText(0)).toBe('2')
})

test('the caller keeps the bytes of keys, values and small batches; large batches are taken over', async () => {
  const shared = new Uint8Array(1000).fill(7)
  const key = shared.subarray(10, 20)
  const value = shared.subarray(100, 200)
  const small = numberedBatch(0, 1)
  const large = numberedBatch(1, 1, 'x'.repeat(100_000))
  const commit = storage.commit(
    commitOf({
      rows: [{ key, value }],
      append: [
        { partition: 0, batch: small },
        { partition: 0, batch: large },
      ],
    }),
  )
  shared.fill(0)
  small.fill(0)
  expect(large.length).toBe(0)
  await commit
  expect(storage.rows.get(new Uint8Array(10).fill(7))).toEqual(new Uint8Array(100).fill(7))
  expect(readNumbers(storage, 0)).toEqual([0, 1])
})

test('more on the way than the bound is refused with BufferFull, and the rest goes through in order', async () => {
  const values = Array.from({ length: 80 }, (_, number) =>
    appendTo(0, number, 1, 'x'.repeat(1 << 20)).handle((_value, error) => error),
  )
  const errors = await Promise.all(values)
  const accepted = errors.flatMap((error, number) => (error === undefined ? [number] : []))
  expect(accepted.length).toBe(64)
  expect(errors[64]).toBeInstanceOf(BufferFull)
  expect(readNumbers(storage, 0)).toEqual(accepted)
})

test('a snapshot ends by itself at snapshotAgeMsMax, or when whoever takes it says, so that it cannot keep old pages for ever', async () => {
  const other = await lmdb(folder.path, { snapshotAgeMsMax: 20 }).open()
  const snapshot = other.snapshot()
  expect(snapshot.bounds(0).end).toBe(0)
  await vi.waitFor(() => expect(() => snapshot.bounds(0)).toThrow(SnapshotExpired), 5_000)
  snapshot.close()
  expect(() => snapshot.get(new Uint8Array(1))).toThrow('more than 20 ms after it began')
  const short = other.snapshot(1)
  await vi.waitFor(() => expect(() => short.bounds(0)).toThrow('more than 1 ms after it began'), 5_000)
  await other.close()
})

test('rows that are overwritten again and again take no more room: no reader is left behind that keeps old pages', async () => {
  const idle = await lmdb(folder.path).open()
  const watched = storage.onChange(() => storage.rows.get(new Uint8Array([0])))
  const overwrite = async (): Promise<number> => {
    for (let round = 0; round < 100; round++) {
      const rows = Array.from({ length: 16 }, (_, name) => ({
        key: new Uint8Array([name]),
        value: new Uint8Array(500).fill(round),
      }))
      await storage.commit(commitOf({ rows }))
    }
    return statSync(join(folder.path, 'data.mdb')).size
  }
  // a reader that lags on a busy machine may ask for some pages more, but not again and again
  const sizes = [await overwrite(), await overwrite()]
  while (sizes.at(-1)! > sizes.at(-2)! && sizes.length < 8) sizes.push(await overwrite())
  expect(sizes.at(-1), sizes.join()).toBe(sizes.at(-2))
  watched()
  await idle.close()
})

test('two handles on one folder in one process see each other, and one stays open when the other closes', async () => {
  const other = await lmdb(folder.path).open()
  await appendTo(0, 0, 3)
  expect(other.bounds(0).end).toBe(3)
  await other.commit(commitOf({ append: [{ partition: 0, batch: numberedBatch(3, 1) }] }))
  expect(readNumbers(storage, 0)).toEqual([0, 1, 2, 3])
  await other.close()
  await appendTo(0, 4, 1)
  expect(readNumbers(storage, 0)).toEqual([0, 1, 2, 3, 4])
})

test('a read sees what was committed since the last one, also within one turn of the event loop', async () => {
  const other = await lmdb(folder.path).open()
  for (let number = 0; number < 20; number++) {
    expect(storage.bounds(0).end).toBe(number)
    expect(other.bounds(0).end).toBe(number)
    await other.commit(commitOf({ append: [{ partition: 0, batch: numberedBatch(number, 1) }] }))
    expect(storage.bounds(0).end).toBe(number + 1)
  }
  await other.close()
})
