import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Weir } from '@weir/core'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { expect, onTestFinished, test } from 'vitest'
import { activityOf } from '../src/activityOf.ts'
import { compareAlerts } from '../src/compareAlerts.ts'
import { expectedAlerts } from '../src/expectedAlerts.ts'
import { isRight, report } from '../src/report.ts'
import { underKills } from '../src/underKills.ts'

test('each alert is given once when workers are killed between the setting of timers and their firing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-fraud-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const storage = lmdb(folder)
  const weir = await Weir.open(storage)
  const events = activityOf(30_000, 3)
  const crashes = await underKills(
    weir,
    storage,
    { events, kills: 2, signal: new AbortController().signal },
    () => undefined,
  )
  const expected = expectedAlerts(events)
  const findings = await compareAlerts(weir, expected)
  await weir.close()
  expect(crashes.kills).toBe(2)
  expect(findings).toMatchObject({ right: expected.length, missing: 0, repeated: 0, wrong: 0 })
  expect(isRight(findings)).toBe(true)
  expect(report(findings, crashes)).toContain('exactly once')
  const health = await doctor(folder)
  expect(health.isHealthy, String(health)).toBe(true)
}, 60_000)
