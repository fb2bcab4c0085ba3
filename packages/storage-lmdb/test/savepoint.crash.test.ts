import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { entry, StorageRefused, Weir } from '@weir/core'
import { expect, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { runFixture } from './child.ts'
import { parts, totals } from './fixtures/totals.ts'
import { ownFolder } from './scene.ts'
import { expectHealthy } from './support/expectHealthy.ts'

vi.setConfig({ testTimeout: 180_000 })

const rounds = Number(process.env['WEIR_CRASH_ROUNDS'] ?? 6)
const keys = Array.from({ length: 8_000 }, (_, n) => `key ${n}`)

/** Adds a part to every key, and waits until the job has done so too. */
const add = async (weir: Weir, part: string): Promise<void> => {
  for (let from = 0; from < keys.length; from += 1_000) {
    await weir.append(...keys.slice(from, from + 1_000).map((key) => entry(parts, key, part, { timestamp: 0 })))
  }
  await (
    await weir.run(totals, { until: 'end' })
  ).done
}

test('a process that is killed while it takes a savepoint leaves a target that is refused, or that is all there', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const target = join(ownFolder(onTestFinished), 'fork')
  const weir = await Weir.open(lmdb(folder))
  onTestFinished(() => weir.close())
  await add(weir, 'x'.repeat(400))
  let refused = 0
  for (let round = 0; round < rounds; round++) {
    const child = runFixture('savepointing', [folder, target])
    const step = 1 + Math.floor(Math.random() * 6)
    await vi.waitFor(() => expect(child.lines.length).toBeGreaterThanOrEqual(step), { timeout: 60_000, interval: 0 })
    child.kill('SIGKILL')
    await child.exited
    const found = await Weir.open(lmdb(target)).exceptionally((error: unknown) => {
      expect(error).toBeInstanceOf(StorageRefused)
      return undefined
    })
    if (found === undefined) refused++
    else {
      expect([...found.store(totals, 'total').entries()].length).toBe(keys.length)
      await found.close()
    }
    rmSync(target, { recursive: true })
  }
  expect(refused).toBeGreaterThan(0)

  const child = runFixture('savepointing', [folder, target])
  // the job goes on meanwhile
  await add(weir, 'y')
  await child.line('done')
  expect(await child.exited).toEqual({ code: 0, signal: null })
  const forked = await Weir.open(lmdb(target))
  onTestFinished(() => forked.close())
  await (
    await forked.run(totals, { until: 'end' })
  ).done
  await add(forked, 'z')
  const [here, there] = [weir, forked].map((each) => [...each.store<string, string>(totals, 'total').entries()])
  expect(new Set(here!.map(([, value]) => value))).toEqual(new Set([`${'x'.repeat(399)}y`]))
  expect(there!.map(([key]) => key)).toEqual(here!.map(([key]) => key))
  // whatever moment it was, the parts that came before it are there once
  for (const [, value] of there!) expect(value).toMatch(/^x+y?z$/)
  for (const each of [folder, target]) await expectHealthy(each)
})
