import { expect, test } from 'vitest'
import { isClean } from '../src/Campaign.ts'
import { clockCampaign } from '../src/campaigns/clockJumps.ts'
import { crashStateCampaign } from '../src/campaigns/crashStates.ts'
import { historyCampaign } from '../src/campaigns/history.ts'
import { ioErrorCampaign } from '../src/campaigns/ioErrors.ts'
import { killCampaign } from '../src/campaigns/kills.ts'
import { powerLossCampaign } from '../src/campaigns/powerLoss.ts'
import { seedCampaign } from '../src/campaigns/seeds.ts'
import { zombieCampaign } from '../src/campaigns/zombies.ts'

// A short scene of each campaign. The open storm and the full disk have their short form in the tests of storage-lmdb.

const seed = Number(process.env['WEIR_SEED'] ?? Date.now() % 1_000_000)
// on a machine that does much else
const withinMs = 400_000

const short = [
  killCampaign,
  powerLossCampaign,
  ioErrorCampaign,
  zombieCampaign,
  clockCampaign,
  historyCampaign,
  seedCampaign,
  crashStateCampaign,
]

for (const { name, of, whyNot, run } of short) {
  const reason = whyNot()
  if (reason !== undefined) console.log(`${name}: skipped, since this machine cannot: ${reason}`)
  test.skipIf(reason !== undefined)(
    `${name}: nothing is lost, repeated, reordered, torn or hung (seed ${seed})`,
    async () => {
      const score = await run({ seed, scale: 'short' })
      console.log(`${name}: ${score.runs} ${of}, ${score.records} records`)
      expect(isClean(score), score.findings.join('\n')).toBe(true)
      expect(score.runs).toBeGreaterThan(0)
      expect(score.records).toBeGreaterThan(0)
    },
    withinMs,
  )
}
