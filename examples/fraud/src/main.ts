import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Weir } from '@weir/core'
import { counted, countedKills, phase, runMain } from '@weir/example-program'
import type { UnderKills } from '@weir/example-program/runUnderKills'
import { lmdb } from '@weir/storage-lmdb'
import { Listr } from 'listr2'
import { activityOf } from './activityOf.ts'
import { compareAlerts, type Findings } from './compareAlerts.ts'
import { expectedAlerts } from './expectedAlerts.ts'
import { type Options, parseOptions, usage } from './options.ts'
import { isRight, report } from './report.ts'
import { underKills } from './underKills.ts'

const seed = 1

const runProgram = async ({ events: count, kills, data }: Options, signal: AbortSignal): Promise<boolean> => {
  const folder = join(data, 'log')
  await rm(folder, { recursive: true, force: true })
  const storage = lmdb(folder)
  const weir = await Weir.open(storage)
  const events = activityOf(count, seed)
  let crashes!: UnderKills
  let findings!: Findings
  const phases = [
    phase(`Watch ${counted(count)} events on two worker processes, killing them`, async (show) => {
      crashes = await underKills(weir, storage, { events, kills, signal }, (seen, killed) =>
        show(() => `${counted(seen)} seen, ${countedKills(killed)}`),
      )
      return `all seen, ${countedKills(crashes.kills)},`
    }),
    phase('Compare the alerts with what a look at all events finds', async () => {
      findings = await compareAlerts(weir, expectedAlerts(events))
      return `${counted(findings.smallThenLarge + findings.unconfirmed)} alerts`
    }),
  ]
  try {
    await new Listr(phases, { registerSignalListeners: false }).run()
  } finally {
    await weir.close()
  }
  console.log(`\n${report(findings, crashes)}`)
  return isRight(findings)
}

await runMain({ usage, parseOptions, run: runProgram })
