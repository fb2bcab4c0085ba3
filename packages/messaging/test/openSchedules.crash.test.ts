import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConsumedRecord, topic, utf8, Weir } from '@weir/core'
import { expect, onTestFinished, test } from 'vitest'
import { openSchedules } from '../src/index.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { killed, startFixture } from './support/fixtureProcess.ts'
import { patientLmdb } from './support/patientLmdb.ts'

const due = topic('due', { key: utf8, value: utf8, partitions: 2 })

test(
  'what is scheduled is there once, at its time and not before, whoever of those that deliver is killed with SIGKILL',
  { timeout: 120_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-schedules-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const weir = await Weir.open(patientLmdb(folder))
    /** By id, when it is due. */
    const set = new Map<string, number>()
    for (let round = 0; round < 3; round++) {
      const prefixes = [`${round}a`, `${round}b`]
      const processes = await Promise.all(prefixes.map((prefix) => startFixture('scheduler', [folder, prefix])))
      const before = set.size
      for (const child of processes) {
        child.stdout!.setEncoding('utf8').on('data', (text: string) => {
          for (const [, id, atMs] of text.matchAll(/^set (\S+) (\d+)$/gm)) set.set(id!, Number(atMs))
        })
      }
      await expect.poll(() => set.size - before, { timeout: 30_000 }).toBeGreaterThan(60 + 20 * round)
      await Promise.all(processes.map(killed))
    }

    const schedules = await openSchedules(weir)
    const seen: Array<{ readonly record: ConsumedRecord<string, string>; readonly atMs: number }> = []
    const subscription = weir
      .topic(due)
      .from('earliest')
      .subscribe((record) => {
        if (record._tag === 'Record') seen.push({ record, atMs: Date.now() })
      })
    await schedules.cancel('seconds')
    await expect.poll(() => [...set.keys()].filter((id) => !has(seen, id)), { timeout: 30_000 }).toEqual([])
    subscription.unsubscribe()
    await weir.close()

    const ids = seen.map(({ record }) => record.id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { record, atMs } of seen) expect(atMs).toBeGreaterThanOrEqual(record.timestamp)
    // a second at which nobody was there is made up for
    const ticks = seen.filter(({ record }) => record.key === 'cron').map(({ record }) => record.timestamp / 1_000)
    expect(ticks.length).toBeGreaterThan(1)
    expect(ticks).toEqual(ticks.map((_, index) => ticks[0]! + index))
    await expectHealthy(folder)
  },
)

const has = (seen: ReadonlyArray<{ readonly record: ConsumedRecord<string, string> }>, id: string): boolean =>
  seen.some(({ record }) => record.id === id)
