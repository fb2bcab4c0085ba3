import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commitOf, entry, InvalidOption, type RowChange, StorageRefused, type Topic, Weir } from '@weir/core'
import { expect, test, vi } from 'vitest'
import { backup, lmdb } from '../src/index.ts'
import { dumpStored } from './changeStored.ts'
import { runFixture } from './child.ts'
import { clicks, tallies, tally } from './fixtures/tally.ts'
import { openWithRuns } from './openWithRuns.ts'
import { ownFolder } from './scene.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { fillFolder } from './support/fullFolder.ts'

vi.setConfig({ testTimeout: 180_000 })

const rounds = Number(process.env['WEIR_CRASH_ROUNDS'] ?? 4)

/** What each partition of a topic holds. */
const contentOf = async <V>(weir: Weir, topic: Topic<string, V>): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
  const partitions: string[][] = Array.from({ length: topic.partitions }, () => [])
  for await (const record of weir.topic(topic).from('earliest').toEnd()) {
    if (record._tag === 'Record') partitions[record.partition]!.push(`${record.key} ${String(record.value)}`)
  }
  return partitions
}

const sizesOf = (partitions: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<number> =>
  partitions.map(({ length }) => length)

const beginnings = (
  partitions: ReadonlyArray<ReadonlyArray<string>>,
  sizes: ReadonlyArray<number>,
): ReadonlyArray<ReadonlyArray<string>> => partitions.map((each, index) => each.slice(0, sizes[index]))

test('backups that are taken while processes write and run a job are healthy, of one moment each, and the job goes on in them exactly once', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const copies = ownFolder(onTestFinished)
  const children = [runFixture('tally', ['write', folder]), runFixture('tally', ['run', folder])]
  for (const child of children) await child.line('begun')
  const targets: string[] = []
  for (let round = 0; round < rounds; round++) {
    const steps: number[] = []
    const target = join(copies, String(round))
    const { bytes } = await backup(folder, target, { onProgress: (progress) => steps.push(progress.bytes) })
    expect(steps.at(-1)).toBe(bytes)
    targets.push(target)
  }
  for (const child of children) child.say('stop')
  for (const child of children) expect(await child.exited, child.errors.join('')).toEqual({ code: 0, signal: null })

  const source = await Weir.open(lmdb(folder))
  onTestFinished(() => source.close())
  await (
    await source.run(tally, { until: 'end' })
  ).done
  const [allClicks, allTallies] = [await contentOf(source, clicks), await contentOf(source, tallies)]
  let before = -1
  for (const target of targets) {
    await expectHealthy(target)
    const copy = await Weir.open(lmdb(target))
    const copied = await contentOf(copy, clicks)
    const sizes = sizesOf(copied)
    const count = sizes.reduce((sum, size) => sum + size)
    expect(count).toBeGreaterThan(before)
    before = count
    expect(copied).toEqual(beginnings(allClicks, sizes))
    const done = await contentOf(copy, tallies)
    // the results of that moment: fewer than clicks, and the same that the source has
    expect(done).toEqual(beginnings(allTallies, sizesOf(done)))
    await (
      await copy.run(tally, { until: 'end' })
    ).done
    const results = (await contentOf(copy, tallies)).flat()
    expect(results.length).toBe(count)
    for (const page of new Set(results.map((result) => result.slice(0, 6)))) {
      const counted = results.filter((result) => result.startsWith(page)).map((result) => Number(result.slice(7)))
      expect(counted).toEqual(counted.map((_, index) => index + 1))
    }
    await copy.close()
  }
})

test('a process that is killed while it takes a backup leaves a folder that is refused, or one that is all there', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  await fillFolder(folder)
  const all = dumpStored(folder)
  const target = join(ownFolder(onTestFinished), 'copy')
  for (const step of ['begun', 'step', 'step', 'done'].slice(0, rounds)) {
    const child = runFixture('backing', [folder, target])
    await child.line(step)
    child.kill('SIGKILL')
    await child.exited
    const error = await Weir.open(lmdb(target)).then(
      (weir) => weir.close(),
      (refusal: unknown) => refusal,
    )
    if (error instanceof StorageRefused) {
      expect(error.message).toMatch(
        /holds a backup that did not come to its end; .* remove it, and take it again|is no Weir/,
      )
      await expect(backup(folder, target)).rejects.toThrow(StorageRefused)
    } else expect(dumpStored(target)).toEqual(all)
    rmSync(target, { recursive: true, force: true })
  }
})

test('a backup has all that is stored', async ({ onTestFinished }) => {
  const folder = ownFolder(onTestFinished)
  await fillFolder(folder)
  const target = join(ownFolder(onTestFinished), 'deep', 'copy')
  const all = dumpStored(folder)
  const { entries, folder: copy } = await backup(folder, target)
  expect([entries, copy]).toEqual([all.length, target])
  expect(dumpStored(target)).toEqual(all)
  expect(readdirSync(target)).not.toContain('unfinished-backup')
})

test('a backup has no sorted runs: their rows are where they belong, and those that they removed are not there', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const target = join(ownFolder(onTestFinished), 'copy')
  const row = (key: string, value: string | null): RowChange => ({
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
  })
  const tree = await openWithRuns(folder, { pagesMin: Infinity })
  await tree.commit(commitOf({ rows: [row('a', 'old'), row('b', 'kept'), row('c', 'old')] }))
  await tree.close()
  const runs = await openWithRuns(folder, { rowsMin: 1, pagesMin: 0 })
  await runs.commit(commitOf({ rows: [row('a', 'new'), row('c', null), row('d', 'new')] }))
  await runs.close()
  expect(dumpStored(folder).some(([key]) => key.startsWith('09'))).toBe(true)
  await backup(folder, target)
  expect(
    dumpStored(target)
      .map(([key, value]) => `${key} ${Buffer.from(value, 'hex').toString()}`)
      .slice(1),
  ).toEqual(['0861 new', '0862 kept', '0864 new'])
})

test('nobody has joined a group of the copy: a job goes on in it at once, while those of the source go on there', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const target = join(ownFolder(onTestFinished), 'copy')
  const weir = await Weir.open(lmdb(folder))
  onTestFinished(() => weir.close())
  const running = await weir.run(tally)
  await weir.append(entry(clicks, 'user', 'page'))
  await backup(folder, target)
  const copy = await Weir.open(lmdb(target))
  onTestFinished(() => copy.close())
  await (
    await copy.run(tally, { until: 'end' })
  ).done
  expect((await contentOf(copy, tallies)).flat()).toEqual(['page 1'])
  expect(running.assigned.length).toBeGreaterThan(0)
  await running.stop()
  await expectHealthy(target)
})

test('a target that holds anything, or is the folder itself, is refused, and a folder that is none is not created', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const target = ownFolder(onTestFinished)
  expect(() => backup(folder, folder)).toThrow(InvalidOption)
  expect(() => backup(folder, folder)).toThrow(/the folder itself; expected another one/)
  expect(() => backup(folder, target, { onprogress: 1 } as never)).toThrow(/there is no option 'onprogress'/)
  await expect(backup(join(folder, 'none'), target)).rejects.toThrow(/is no Weir/)
  expect(existsSync(join(folder, 'none'))).toBe(false)
  await (await lmdb(folder).open()).close()
  await (await lmdb(target).open()).close()
  await expect(backup(folder, target)).rejects.toThrow(/holds '.*'; expected one that is new or empty/)
  const other = ownFolder(onTestFinished)
  writeFileSync(join(other, 'thesis.txt'), 'mine')
  await expect(backup(folder, other)).rejects.toThrow(StorageRefused)
  expect(readdirSync(other)).toEqual(['thesis.txt'])
})
