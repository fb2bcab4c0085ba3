import type { Campaign } from './Campaign.ts'
import { clockCampaign } from './campaigns/clockJumps.ts'
import { crashStateCampaign } from './campaigns/crashStates.ts'
import { diskFullCampaign } from './campaigns/diskFull.ts'
import { historyCampaign } from './campaigns/history.ts'
import { ioErrorCampaign } from './campaigns/ioErrors.ts'
import { killCampaign } from './campaigns/kills.ts'
import { openStormCampaign } from './campaigns/openStorm.ts'
import { powerLossCampaign } from './campaigns/powerLoss.ts'
import { seedCampaign } from './campaigns/seeds.ts'
import { zombieCampaign } from './campaigns/zombies.ts'

/** All of them, in the order of the table. */
export const campaigns: ReadonlyArray<Campaign> = [
  killCampaign,
  openStormCampaign,
  powerLossCampaign,
  ioErrorCampaign,
  diskFullCampaign,
  zombieCampaign,
  clockCampaign,
  historyCampaign,
  seedCampaign,
  crashStateCampaign,
]
