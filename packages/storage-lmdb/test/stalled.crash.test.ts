import { commitOf, type Storage, StorageClosed, StorageStalled } from '@weir/core'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { numberedBatch } from './batches.ts'
import { type Child, runFixture } from './child.ts'
import { readNumbers } from './readNumbers.ts'
import { temporaryFolder } from './temporaryFolder.ts'

vi.setConfig({ testTimeout: 30_000 })

// A process that is stopped within its write transaction keeps the lock: others cannot write, and must not hang.

const stallAfterMs = 1_500
/** A second until it is noticed, and as much again for a busy machine. */
const boundMs = stallAfterMs + 2_500

let folder: ReturnType<typeof temporaryFolder>
let storage: Storage
let stopper: Child

const append = (number: number) =>
  storage.commit(commitOf({ append: [{ partition: 0, batch: numberedBatch(number, 1) }] }))

beforeEach(async () => {
  folder = temporaryFolder()
  storage = await lmdb(folder.path, { stallAfterMs }).open()
  await append(0)
  stopper = runFixture('stopper', [folder.path])
  await stopper.line('stopped')
})
afterEach(async () => {
  stopper.kill('SIGKILL')
  await stopper.exited
  await storage.close()
  folder.remove()
})

test('a commit fails within the bound, with the pid of the process that is stopped, and reads go on', async () => {
  const began = performance.now()
  const [first, second] = [append(1), append(2)]
  expect(readNumbers(storage, 0)).toEqual([0])
  const error = await first.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(performance.now() - began).toBeLessThan(boundMs)
  expect(error).toBeInstanceOf(StorageStalled)
  expect((error as Error).message).toContain(`process ${stopper.pid} holds it and is stopped`)
  await expect(second).rejects.toBeInstanceOf(StorageStalled)
  await expect(append(3)).rejects.toBeInstanceOf(StorageStalled)
  expect(readNumbers(storage, 0)).toEqual([0])
})

test('a commit that failed so is not applied when the process goes on', async () => {
  await expect(append(1)).rejects.toBeInstanceOf(StorageStalled)
  stopper.kill('SIGCONT')
  await stopper.line('gone on')
  await storage.close()
  storage = await lmdb(folder.path).open()
  await append(10)
  expect(readNumbers(storage, 0)).toEqual([0, 10])
})

test('an open fails within the bound, and the folder opens again when the process is gone', async () => {
  const began = performance.now()
  const provider = lmdb(folder.path, { stallAfterMs })
  await expect(provider.open()).rejects.toThrow(`process ${stopper.pid} holds it and is stopped`)
  expect(performance.now() - began).toBeLessThan(boundMs)
  stopper.kill('SIGKILL')
  await stopper.exited
  const other = await provider.open()
  expect(readNumbers(other, 0)).toEqual([0])
  await other.close()
})

test('a close completes within the bound', async () => {
  const commit = append(1)
  const began = performance.now()
  await storage.close()
  expect(performance.now() - began).toBeLessThan(boundMs)
  await expect(commit).rejects.toBeInstanceOf(StorageStalled)
  await expect(append(2)).rejects.toBeInstanceOf(StorageClosed)
})

test('a process that was told of a stall can end', async () => {
  const other = runFixture('appender', [folder.path, 0, 1, JSON.stringify({ stallAfterMs })])
  const { signal } = await other.exited
  expect(signal).toBe('SIGKILL')
  expect(other.errors.join('')).toContain('StorageStalled')
})
