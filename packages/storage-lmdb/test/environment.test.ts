import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LockLost, openData, openGate } from '../src/environment.ts'
import { runFixture } from './child.ts'
import { temporaryFolder } from './temporaryFolder.ts'

test('a gate whose lock is gone fails instead of letting everyone through', async () => {
  const folder = temporaryFolder()
  const gate = openGate(folder.path)
  expect(gate.transactionSync(() => 1)).toBe(1)
  // reading the lock file drops this process's locks on it; the next one to close believes to be alone, and destroys the lock
  readFileSync(join(folder.path, 'gate.mdb-lock'))
  await runFixture('opener', [folder.path, 1]).exited
  let entered = false
  expect(() => gate.transactionSync(() => (entered = true))).toThrow(LockLost)
  expect(entered).toBe(false)
  await gate.close()
  // and whoever opens it next has a good one
  const next = openGate(folder.path)
  expect(next.transactionSync(() => 2)).toBe(2)
  await next.close()
  folder.remove()
})

test('a transaction whose action throws is rolled back, and one whose action gives a promise is committed at once', async () => {
  const folder = temporaryFolder()
  const data = openData(folder.path, 1 << 24)
  const key = new Uint8Array([1])
  const put = (): void => data.put(key, key)
  expect(() =>
    data.transactionSync(() => {
      put()
      throw new Error('no')
    }),
  ).toThrow('no')
  expect(data.get(key)).toBeUndefined()
  const given = data.transactionSync(() => {
    put()
    return Promise.resolve()
  })
  expect(data.get(key)).toBeDefined()
  await given
  await data.close()
  folder.remove()
})
