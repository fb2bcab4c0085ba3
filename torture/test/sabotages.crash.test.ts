import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Campaign, isClean } from '../src/Campaign.ts'
import { killCampaign } from '../src/campaigns/kills.ts'
import { openStormCampaign } from '../src/campaigns/openStorm.ts'
import { powerLossCampaign } from '../src/campaigns/powerLoss.ts'
import { zombieCampaign } from '../src/campaigns/zombies.ts'
import { whyNoShim } from '../src/machine.ts'
import { patched, sabotaged, sabotages } from '../src/sabotage.ts'

// The rig is checked too: with such a fault in the code a campaign must fail, or it tests nothing.

const caught: ReadonlyArray<readonly [sabotage: string, by: Campaign, whyNot?: () => string | undefined]> = [
  ['noSync', powerLossCampaign],
  ['droppedSync', powerLossCampaign, whyNoShim],
  ['skippedEpochCheck', zombieCampaign],
  ['positionsApart', killCampaign],
  ['withoutGate', openStormCampaign],
]
// a matter of chance
const scenesMax = 4
const withinMs = 400_000

for (const [sabotage, campaign, whyNot = () => undefined] of caught) {
  const reason = campaign.whyNot() ?? whyNot()
  if (reason !== undefined) console.log(`sabotage ${sabotage}: skipped, since this machine cannot: ${reason}`)
  test.skipIf(reason !== undefined)(
    `${campaign.name} catches the sabotage ${sabotage}`,
    async () => {
      const code = await sabotaged(sabotage)
      const findings: string[] = []
      for (let seed = 1; seed <= scenesMax && findings.length === 0; seed++) {
        const score = await campaign.run({ seed, scale: 'short', sabotage: code })
        if (!isClean(score)) findings.push(...score.findings)
      }
      console.log(`${sabotage}: ${findings[0]}`)
      expect(findings).not.toEqual([])
    },
    withinMs,
  )
}

test('every sabotage fits the code as it is', () => {
  const root = join(import.meta.dirname, '../../packages')
  for (const [name, patches] of Object.entries(sabotages)) {
    for (const { file } of patches) {
      const source = readFileSync(join(root, file), 'utf8')
      expect(patched(name, `file://${root}/${file}`, source)).not.toBe(source)
    }
  }
  expect(() => patched('noSync', 'file:///storage-lmdb/src/environment.ts', 'other code')).toThrow('does not fit')
})
