import { expect, test } from 'vitest'
import { type Campaign, isClean } from '../src/Campaign.ts'
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

/** With so many runs at least; of kills and I/O errors there are more in other tests. */
const short: ReadonlyArray<readonly [campaign: Campaign, runsMin: number]> = [
  [killCampaign, 45],
  [powerLossCampaign, 10],
  [ioErrorCampaign, 45],
  [zombieCampaign, 10],
  [clockCampaign, 4],
  [historyCampaign, 100_000],
  [seedCampaign, 300],
  [crashStateCampaign, 3],
]

for (const [{ name, of, whyNot, run }, runsMin] of short) {
  const reason = whyNot()
  if (reason !== undefined) console.log(`${name}: skipped, since this machine cannot: ${reason}`)
  test.skipIf(reason !== undefined)(
    `${name}: nothing is lost, repeated, reordered, torn or hung (seed ${seed})`,
    async () => {
      const score = await run({ seed, scale: 'short' })
      console.log(`${name}: ${score.runs} ${of}, ${score.records} records`)
      expect(isClean(score), score.findings.join('\n')).toBe(true)
      expect(score.runs).toBeGreaterThanOrEqual(runsMin)
      expect(score.records).toBeGreaterThan(0)
    },
    withinMs,
  )
}
