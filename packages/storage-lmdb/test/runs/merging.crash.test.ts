import { join } from 'node:path'
import { commitOf, StorageFull } from '@weir/core'
import { expect, test } from 'vitest'
import { decodeRunList, noRuns, type RunList } from '../../src/runs/RunList.ts'
import { runListKey } from '../../src/runs/runLayout.ts'
import { changeStored } from '../changeStored.ts'
import { type Child, runFixture } from '../child.ts'
import { changesOf, keyOf, keysOfWriter, lastOf, limits } from '../fixtures/merging.ts'
import { openWithRuns } from '../openWithRuns.ts'
import { ownFolder } from '../scene.ts'
import { smallDisk } from '../support/smallDisk.ts'
import { expectSound } from '../support/expectHealthy.ts'

const writers = ['a', 'b'] as const
const rounds = Number(process.env['WEIR_CRASH_ROUNDS'] ?? 4)
const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

const listOf = (folder: string): RunList => {
  let list = noRuns
  changeStored(folder, (data) => (list = decodeRunList(data.get(runListKey))))
  return list
}

test(
  'rows in sorted runs are as they were committed, each commit whole, whenever the processes that make and merge the runs are killed',
  { timeout: 120_000 },
  async ({ onTestFinished }) => {
    const folder = ownFolder(onTestFinished)
    const done = new Map(writers.map((writer) => [writer, -1]))
    const models = new Map(writers.map((writer) => [writer, new Map<string, string>()]))
    for (let round = 0; round < rounds; round++) {
      const children: Child[] = writers.map((writer) => runFixture('merging', [writer, folder, done.get(writer)! + 1]))
      const wanted = writers.map((writer, nth) => `committed ${done.get(writer)! + 15 + 10 * ((round + nth) % 3)}`)
      for (const [nth, child] of children.entries()) await child.line(wanted[nth]!)
      // at whatever they are doing: writing a run, merging, removing what was merged
      for (const child of children) child.kill('SIGKILL')
      for (const child of children) expect((await child.exited).signal).toBe('SIGKILL')

      const storage = await openWithRuns(folder, limits)
      for (const [nth, writer] of writers.entries()) {
        const last = Number(text(storage.rows.get(lastOf(writer))))
        const said = children[nth]!.lines.filter((line) => line.startsWith('committed ')).length
        expect(last - done.get(writer)!).toBeGreaterThanOrEqual(said)
        const model = models.get(writer)!
        for (let commit = done.get(writer)! + 1; commit <= last; commit++) {
          for (const { key, value } of changesOf(writer, commit)) {
            if (value === null) model.delete(text(key)!)
            else model.set(text(key)!, text(value)!)
          }
        }
        done.set(writer, last)
        for (let n = 0; n < keysOfWriter; n++) {
          const key = keyOf(writer, n)
          expect(text(storage.rows.get(key)), text(key)).toBe(model.get(text(key)!))
        }
        const all = storage.rows.range(keyOf(writer, 0).subarray(0, 7), Buffer.from(`${writer}-s`), { limit: 1e6 })
        expect(all.map(({ key }) => text(key))).toEqual([...model.keys()].sort())
      }
      await storage.close()
      await expectSound(folder)
    }
    // each commit was a run, nearly all of them are merged
    const { next, runs } = listOf(folder)
    expect(next).toBeGreaterThan(rounds * 30)
    expect(runs.length).toBeLessThan(next / 4)
  },
)

test('a process may exit while it merges: it ends at once, in order, and what it has committed is there', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  for (let last = 9; last < 60; last += 10) {
    const child = runFixture('merging', ['a', folder, last - 9, last])
    expect(await child.exited, child.errors.join('')).toEqual({ code: 0, signal: null })
  }
  const storage = await openWithRuns(folder, { pagesMin: Infinity })
  expect(text(storage.rows.get(lastOf('a')))).toBe('59')
  await storage.close()
  await expectSound(folder)
})

const disk = smallDisk(16)

test.skipIf(disk === undefined)(
  'where there is too little room to merge many rows at once, few are merged at a time, until the disk is full',
  { timeout: 60_000 },
  async () => {
    const folder = join(disk!, 'data')
    const storage = await openWithRuns(folder, { rowsMin: 100, pagesMin: 0, bytesMax: 200_000, countMax: 8 })
    const model = new Map<string, string>()
    const value = (n: number): string => `${n} ${'v'.repeat(100)}`
    let refused: unknown
    let commits = 0
    for (; refused === undefined; commits++) {
      const rows = Array.from(
        { length: 200 },
        (_, nth) => [`row ${(commits * 77 + nth * 7_919) % 100_003}`, value(commits)] as const,
      )
      try {
        await storage.commit(
          commitOf({ rows: rows.map(([key, put]) => ({ key: Buffer.from(key), value: Buffer.from(put) })) }),
        )
        for (const [key, put] of rows) model.set(key, put)
      } catch (error) {
        refused = error
      }
    }
    expect(refused).toBeInstanceOf(StorageFull)
    for (const [key, put] of model) if (text(storage.rows.get(Buffer.from(key))) !== put) expect(key).toBe(put)
    await storage.close()
    const { next, runs } = listOf(folder)
    expect(next).toBeGreaterThan(50)
    expect(runs.length).toBeLessThan(25)
    await expectSound(folder)
  },
)
