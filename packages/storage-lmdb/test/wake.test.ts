import { expect, test, vi } from 'vitest'
import { WakeFile, watchForCommits } from '../src/wake.ts'
import { temporaryFolder } from './temporaryFolder.ts'

test('a commit that shows before it can be read is told again when it is announced, also without a watch', async () => {
  const folder = temporaryFolder()
  const file = new WakeFile(folder.path)
  file.announce(1)
  let last = 1
  let calls = 0
  const stop = watchForCommits({
    folder: folder.path,
    pollIntervalMs: 1,
    lastTransaction: () => last,
    onChange: () => calls++,
  })
  last = 2
  await vi.waitFor(() => expect(calls).toBeGreaterThan(0))
  const early = calls
  file.announce(2)
  await vi.waitFor(() => expect(calls).toBeGreaterThan(early))
  stop()
  file.close()
  folder.remove()
})

test('a commit whose writer died before it announced it is told until it is announced', async () => {
  const folder = temporaryFolder()
  const file = new WakeFile(folder.path)
  file.announce(1)
  let calls = 0
  const stop = watchForCommits({
    folder: folder.path,
    pollIntervalMs: 1,
    lastTransaction: () => 2,
    onChange: () => calls++,
  })
  await vi.waitFor(() => expect(calls).toBeGreaterThan(3))
  file.announce(2)
  await vi.waitFor(() => {
    const before = calls
    return new Promise<void>((resolve, reject) =>
      setTimeout(() => (calls === before ? resolve() : reject(new Error('still told'))), 20),
    )
  })
  stop()
  file.close()
  folder.remove()
})

test('a commit that this process is told of anyway is not told by the watch; one of another process after it is', async () => {
  const folder = temporaryFolder()
  const file = new WakeFile(folder.path)
  let calls = 0
  let own = 0
  const stop = watchForCommits({
    folder: folder.path,
    pollIntervalMs: 60_000,
    lastTransaction: () => 0,
    ownTransaction: () => own,
    onChange: () => calls++,
  })
  for (own = 1; own <= 50; own++) {
    file.announce(own)
    await new Promise((resolve) => setImmediate(resolve))
  }
  own = 50
  expect(calls).toBe(0)
  file.announce(51)
  await vi.waitFor(() => expect(calls).toBeGreaterThan(0))
  stop()
  file.close()
  folder.remove()
})
