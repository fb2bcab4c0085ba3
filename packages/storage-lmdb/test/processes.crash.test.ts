import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { commitOf, StorageStalled } from '@weir/core'
import { expect, test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { append } from './batches.ts'
import { type Child, runFixture } from './child.ts'
import { readNumbers } from './readNumbers.ts'
import { openAt, ownFolder } from './scene.ts'
import { expectSound } from './support/expectHealthy.ts'

/** The offsets that a child had acknowledged. */
const ackedBy = (child: Child): ReadonlyArray<number> =>
  child.lines.filter((line) => line.startsWith('acked ')).map((line) => Number(line.slice(6)))

const until = async (condition: () => boolean, what: string): Promise<void> => {
  const deadline = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within 30 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

test.concurrent('processes that append to one partition at once get offsets of their own, without gaps, and all records are there', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const storage = await openAt(folder, onTestFinished)
  const children = [1, 2, 3].map(() => runFixture('appender', [folder, 0, 4]))
  for (const child of children) await until(() => ackedBy(child).length > 50, '50 acknowledged records of each')
  for (const child of children) child.say('stop')
  for (const child of children) expect(await child.exited, child.errors.join('')).toEqual({ code: 0, signal: null })
  const offsets = children.flatMap(ackedBy).sort((left, right) => left - right)
  expect(offsets).toEqual(offsets.map((_, index) => index))
  expect(readNumbers(storage, 0).length).toBe(offsets.length)
  await expectSound(folder)
})

test.concurrent('a writer killed at any moment loses nothing acknowledged and leaves nothing torn, and others write on at once', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const storage = await openAt(folder, onTestFinished)
  let acked = -1
  for (const records of [1, 5, 20, 40, 80]) {
    const child = runFixture('appender', [folder, 0, 4])
    await until(() => ackedBy(child).length > records, 'acknowledged records')
    child.kill('SIGKILL')
    await child.exited
    acked = Math.max(acked, ...ackedBy(child))
    // what it committed in its last moment is seen at the latest when somebody else commits
    await storage.commit(commitOf({ rows: [{ key: new Uint8Array([1]), value: new Uint8Array([records]) }] }))
    const numbers = readNumbers(storage, 0)
    expect(numbers).toEqual(numbers.map((_, index) => index))
    expect(numbers.length).toBeGreaterThan(acked)
  }
  await expectSound(folder)
})

test.concurrent('a writer that is stopped within a commit is named to those who wait for it', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const waiting = await lmdb(folder, { stallAfterMs: 8_000 }).open()
  const child = runFixture('appender', [folder, 0, 4])
  await child.line('acked')
  let said: unknown
  // between two commits it holds nothing, and the commit here succeeds: then it is stopped at another moment
  for (let attempt = 0; said === undefined && attempt < 50; attempt++) {
    child.kill('SIGSTOP')
    said = await waiting.commit(commitOf({ rows: [{ key: new Uint8Array([1]), value: null }] })).then(
      () => undefined,
      (error: unknown) => error,
    )
    if (said === undefined) child.kill('SIGCONT')
  }
  expect(said).toBeInstanceOf(StorageStalled)
  expect((said as Error).message).toContain(`process ${child.pid} holds it and is stopped`)
  child.kill('SIGKILL')
  await child.exited
  await waiting.close()
})

test.concurrent('a commit wakes the listeners of another process, which see it', async ({ onTestFinished }) => {
  const folder = ownFolder(onTestFinished)
  const storage = await openAt(folder, onTestFinished)
  const watcher = runFixture('watcher', [folder, JSON.stringify({ pollIntervalMs: 60_000 })])
  await watcher.line('open')
  for (let number = 0; number < 5; number++) {
    await append(storage, number)
    await watcher.line(`end ${number + 1} `)
  }
  watcher.say('stop')
  expect(await watcher.exited).toEqual({ code: 0, signal: null })
})

test.concurrent('a commit of another process wakes listeners here', async ({ onTestFinished }) => {
  const folder = ownFolder(onTestFinished)
  const storage = await openAt(folder, onTestFinished)
  let woken = 0
  const stop = storage.onChange(() => woken++)
  const child = runFixture('appender', [folder, 0, 1])
  await child.line('acked 0')
  await until(() => woken > 0 && storage.bounds(0).end > 0, 'a call of the listener')
  child.say('stop')
  await child.exited
  stop()
})

test.concurrent('where the folder cannot be watched, looking every pollIntervalMs still finds a commit of another process', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const storage = await openAt(folder, onTestFinished)
  rmSync(join(folder, 'wake'))
  const watching = await lmdb(folder, { pollIntervalMs: 10 }).open()
  rmSync(join(folder, 'wake'))
  let woken = 0
  const stop = watching.onChange(() => woken++)
  await append(storage, 0)
  await until(() => woken > 0, 'a call of the listener')
  expect(watching.bounds(0).end).toBe(1)
  stop()
  await watching.close()
})

test.concurrent('a process with a listener stays alive, and one without ends by itself', async ({ onTestFinished }) => {
  const folder = ownFolder(onTestFinished)
  const watcher = runFixture('watcher', [folder])
  await watcher.line('open')
  const idle = runFixture('idle', [folder])
  expect(await idle.exited, idle.errors.join('')).toEqual({ code: 0, signal: null })
  expect(watcher.process.exitCode).toBeNull()
  watcher.say('stop')
  expect(await watcher.exited).toEqual({ code: 0, signal: null })
})
