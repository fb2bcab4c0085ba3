import { commitOf, type RowChange } from '@weir/core'
import { expect, test } from 'vitest'
import { FolderSnapshot } from '../../src/FolderSnapshot.ts'
import { decodeRunList, type RunList } from '../../src/runs/RunList.ts'
import { runListKey } from '../../src/runs/runLayout.ts'
import { openWithRuns } from '../openWithRuns.ts'
import { type AtEnd, ownFolder } from '../scene.ts'

const limits = { rowsMin: 1, pagesMin: 0, mergedRowsMax: 10, restMs: 50 }
const patient = { ...limits, restMs: 3_600_000 }
const rows = Array.from({ length: 100 }, (_, n): RowChange => ({
  key: Buffer.from(`row ${n}`),
  value: Buffer.from('1'),
}))

const open = async (folder: string, of: typeof limits, atEnd: AtEnd) => {
  const storage = await openWithRuns(folder, of)
  atEnd(async () => {
    await storage.close()
  })
  return storage
}

const listOf = async (folder: string): Promise<RunList> => {
  const snapshot = await FolderSnapshot.open(folder, {})
  try {
    return decodeRunList(snapshot.get(runListKey))
  } finally {
    await snapshot.close()
  }
}

const nothingIsLeft = { timeout: 20_000, interval: 100 }

test('when no runs are made for some time, all are merged, and nothing is left of them', async ({ onTestFinished }) => {
  const folder = ownFolder(onTestFinished)
  const storage = await open(folder, limits, onTestFinished)
  await storage.commit(commitOf({ rows }))
  await expect.poll(() => listOf(folder), nothingIsLeft).toMatchObject({ next: 2, runs: [], merged: [] })
  expect(storage.rows.range(Buffer.from('row'), Buffer.from('rox'), { limit: 1_000 })).toHaveLength(rows.length)
  // then few rows go where they belong
  const few = await open(folder, { ...limits, rowsMin: 1_000 }, onTestFinished)
  await few.commit(commitOf({ rows: rows.slice(0, 3) }))
  expect(await listOf(folder)).toMatchObject({ next: 2, runs: [] })
})

test('runs that a process has left are merged by the next one that has nothing else to do', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const first = await openWithRuns(folder, patient)
  await first.commit(commitOf({ rows }))
  await first.close()
  expect((await listOf(folder)).runs).toHaveLength(1)
  await open(folder, limits, onTestFinished)
  await expect.poll(() => listOf(folder), nothingIsLeft).toMatchObject({ next: 2, runs: [], merged: [] })
})
