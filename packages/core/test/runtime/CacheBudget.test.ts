import { expect, test } from 'vitest'
import { CacheBudget, type CacheShare } from '../../src/runtime/CacheBudget.ts'
import { CachedKeyValueStore } from '../../src/runtime/CachedKeyValueStore.ts'
import { kinds, locationOf, Rig } from './support/storeRig.ts'

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

/** A store, and how many rows it has read. */
const countedStore = (
  budget: CacheShare,
): { readonly rig: Rig<CachedKeyValueStore<unknown, number>>; readonly reads: () => number } => {
  let reads = 0
  const rig = new Rig(({ rows }) => {
    const counted = {
      get: (row: Uint8Array) => (reads++, rows.get(row)),
      range: (...args: Parameters<typeof rows.range>) => rows.range(...args),
    }
    return new CachedKeyValueStore(counted, locationOf(kinds[0]!), budget)
  })
  return { rig, reads: () => reads }
}

/** How many of the keys a store must read again after they were written. */
const readAgain = async (budget: CacheBudget): Promise<number> => {
  const { rig, reads } = countedStore(budget)
  for (const name of names) rig.store.put(name, 1)
  await rig.settle()
  const before = reads()
  for (const name of names) expect(rig.store.get(name)).toBe(1)
  return reads() - before
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

test('what is asked for again and again stays in memory, while others come and go', async () => {
  const { rig, reads } = countedStore({ entriesMax: 4 })
  rig.store.put('often', 1)
  for (let n = 0; n < 50; n++) {
    rig.store.put(`once ${n}`, 1)
    rig.store.get('often')
    await rig.settle()
  }
  const before = reads()
  expect(rig.store.get('often')).toBe(1)
  expect(reads()).toBe(before)
  // the first ones are gone
  rig.store.get('once 0')
  expect(reads()).toBe(before + 1)
})

test('a cache in which everything was asked for again forgets what came first', async () => {
  const { rig, reads } = countedStore({ entriesMax: 4 })
  for (const name of names) rig.store.put(name, 1)
  for (const name of names) rig.store.get(name)
  await rig.settle()
  const before = reads()
  for (const name of names.toReversed()) rig.store.get(name)
  expect(reads() - before).toBe(names.length - 3)
})
