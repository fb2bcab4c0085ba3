import type { Campaign } from '../Campaign.ts'
import { loopDisk, newFolder, newShim, removeFolder, whyNoLoopDisk } from '../machine.ts'
import { join } from 'node:path'
import { pause } from '../Puppet.ts'
import { onStage, Stage } from '../Stage.ts'

const cuts = { short: 10, full: 20 }

/** The power of a disk goes while one writes: before the writer is killed, or just after; then it is mounted anew. */
export const powerLossCampaign: Campaign = {
  name: 'power loss',
  of: 'power cuts',
  runsForRelease: 1_000,
  whyNot: whyNoLoopDisk,
  run: async (scene) => {
    const disk = loopDisk(256)
    const own = newFolder()
    // a disk that says it has synced and has not
    const shim = scene.sabotage?.name === 'droppedSync' ? newShim(own) : undefined
    shim?.set({ dropSyncs: true })
    const how = { mayFail: true, ...(shim === undefined ? {} : { env: shim.env }) }
    const stage = new Stage(scene, { folder: join(disk.folder, 'data') })
    try {
      return await onStage(stage, async () => {
        let done = 0
        for (; done < cuts[scene.scale]; done++) {
          const writer = stage.writer({ inFlight: 3, linesMax: 10 }, how)
          if (!(await writer.said('acked', 5))) {
            stage.notice(`a writer wrote nothing after power cut ${done}`)
            break
          }
          await pause(stage.below(150))
          const isCutFirst = stage.below(2) === 0
          if (isCutFirst) disk.cutPower()
          await writer.end()
          if (!isCutFirst) disk.cutPower()
          disk.powerOn()
        }
        return await stage.judged(done)
      })
    } finally {
      disk.remove()
      removeFolder(own)
    }
  },
}
