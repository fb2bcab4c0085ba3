import { type Storage, StorageClosed, StorageStalled } from '@weir/core'
import { expect, test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { append } from './batches.ts'
import { type Child, runFixture } from './child.ts'
import { readNumbers } from './readNumbers.ts'
import { type AtEnd, openAt, ownFolder } from './scene.ts'
import { expectSound } from './support/expectHealthy.ts'

// A process that is stopped within its write transaction keeps the lock: others cannot write, and must not hang.

const stallAfterMs = 1_500
/** A second until it is noticed, and as much again for a busy machine. */
const boundMs = stallAfterMs + 2_500

interface Scene {
  readonly folder: string
  readonly storage: Storage
  readonly stopper: Child
}

/** A storage with one record, and a process that is stopped within a commit to the same folder. */
const stalledScene = async (atEnd: AtEnd): Promise<Scene> => {
  const folder = ownFolder(atEnd)
  const storage = await openAt(folder, atEnd, { stallAfterMs })
  await append(storage, 0)
  const stopper = runFixture('stopper', [folder])
  atEnd(async () => {
    stopper.kill('SIGKILL')
    await stopper.exited
  })
  await stopper.line('stopped')
  return { folder, storage, stopper }
}

test.concurrent('a commit fails within the bound, with the pid of the process that is stopped, and reads go on', async ({
  onTestFinished,
}) => {
  const { storage, stopper } = await stalledScene(onTestFinished)
  const began = performance.now()
  const [first, second] = [append(storage, 1), append(storage, 2)]
  expect(readNumbers(storage, 0)).toEqual([0])
  const error = await first.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(performance.now() - began).toBeLessThan(boundMs)
  expect(error).toBeInstanceOf(StorageStalled)
  expect((error as Error).message).toContain(`process ${stopper.pid} holds it and is stopped`)
  await expect(second).rejects.toBeInstanceOf(StorageStalled)
  await expect(append(storage, 3)).rejects.toBeInstanceOf(StorageStalled)
  expect(readNumbers(storage, 0)).toEqual([0])
})

test.concurrent('a commit that failed so is not applied when the process goes on', async ({ onTestFinished }) => {
  const { folder, storage, stopper } = await stalledScene(onTestFinished)
  await expect(append(storage, 1)).rejects.toBeInstanceOf(StorageStalled)
  stopper.kill('SIGCONT')
  await stopper.line('gone on')
  await storage.close()
  const reopened = await lmdb(folder).open()
  await append(reopened, 10)
  expect(readNumbers(reopened, 0)).toEqual([0, 10])
  await reopened.close()
  await expectSound(folder)
})

test.concurrent('an open fails within the bound, and the folder opens again when the process is gone', async ({
  onTestFinished,
}) => {
  const { folder, stopper } = await stalledScene(onTestFinished)
  const began = performance.now()
  const provider = lmdb(folder, { stallAfterMs })
  await expect(provider.open()).rejects.toThrow(`process ${stopper.pid} holds it and is stopped`)
  expect(performance.now() - began).toBeLessThan(boundMs)
  stopper.kill('SIGKILL')
  await stopper.exited
  const other = await provider.open()
  expect(readNumbers(other, 0)).toEqual([0])
  await other.close()
  await expectSound(folder)
})

test.concurrent('a close completes within the bound', async ({ onTestFinished }) => {
  const { storage } = await stalledScene(onTestFinished)
  const commit = append(storage, 1)
  const began = performance.now()
  await storage.close()
  expect(performance.now() - began).toBeLessThan(boundMs)
  await expect(commit).rejects.toBeInstanceOf(StorageStalled)
  await expect(append(storage, 2)).rejects.toBeInstanceOf(StorageClosed)
})

test.concurrent('a process that was told of a stall can end', async ({ onTestFinished }) => {
  const { folder } = await stalledScene(onTestFinished)
  const other = runFixture('appender', [folder, 0, 1, JSON.stringify({ stallAfterMs })])
  const { signal } = await other.exited
  expect(signal).toBe('SIGKILL')
  expect(other.errors.join('')).toContain('StorageStalled')
})
