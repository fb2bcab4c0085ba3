import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { expectHealthy } from './support/expectHealthy.ts'
import { expectWithin } from './support/expectWithin.ts'
import { killed, startFixture } from './support/fixtureProcess.ts'

test(
  'processes that share a limit never exceed it together, whoever of them is killed with SIGKILL',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-limit-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const limit = { ratePerSecond: 400, burst: 40 }
    const times: number[] = []
    const started = Array.from({ length: 3 }, async () => {
      const child = await startFixture('taker', [folder, String(limit.ratePerSecond), String(limit.burst)])
      createInterface({ input: child.stdout! }).on('line', (line) => {
        if (line.startsWith('took ')) times.push(Number(line.slice('took '.length)))
      })
      return child
    })
    const takers = await Promise.all(started)
    for (const [index, taker] of takers.entries()) {
      await expect.poll(() => times.length, { timeout: 30_000 }).toBeGreaterThan(300 * (index + 1))
      await killed(taker)
    }
    // their time counts whole milliseconds
    const countedMs = 1
    const burst = limit.burst + (limit.ratePerSecond * countedMs) / 1_000
    expectWithin(
      times.toSorted((a, b) => a - b),
      { ...limit, burst },
    )
    await expectHealthy(folder)
  },
)
