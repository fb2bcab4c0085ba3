import { expect, test } from 'vitest'
import { CacheBudget } from '../../src/runtime/CacheBudget.ts'
import { CachedKeyValueStore } from '../../src/runtime/CachedKeyValueStore.ts'
import { kinds, locationOf, Rig } from './support/storeRig.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

/** How many of the keys a store must read again after they were written. */
const readAgain = async (budget: CacheBudget): Promise<number> => {
  let read = 0
  const rig = new Rig(({ rows }) => {
    const counted = {
      get: (row: Uint8Array) => (read++, rows.get(row)),
      range: (...args: Parameters<typeof rows.range>) => rows.range(...args),
    }
    return new CachedKeyValueStore(counted, locationOf(kinds[0]!), budget)
  })
  for (const name of names) rig.store.put(name, 1)
  await rig.settle()
  read = 0
  for (const name of names) expect(rig.store.get(name)).toBe(1)
  return read
}

test('stores share what a run may keep, and have more of it when others end', async () => {
  const budget = new CacheBudget(8)
  budget.join()
  expect(await readAgain(budget)).toBe(0)
  budget.join()
  expect(await readAgain(budget)).toBe(5)
  budget.leave(1)
  expect(await readAgain(budget)).toBe(0)
})
