import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lmdb } from '@weir/storage-lmdb'
import type { Campaign } from '../Campaign.ts'
import { smallDisk, whyNoSmallDisk } from '../machine.ts'
import { onStage, Stage } from '../Stage.ts'

const rounds = { short: 3, full: 10 }

/** The disk is full, and has room again: reads go on, and so do writes when there is room. */
export const diskFullCampaign: Campaign = {
  name: 'disk full',
  of: 'times full',
  runsForRelease: 50,
  whyNot: whyNoSmallDisk,
  run: async (scene) => {
    const disk = smallDisk(32)
    const ballast = join(disk.folder, 'ballast')
    try {
      return await onStage(new Stage(scene, { folder: join(disk.folder, 'data') }), async (stage) => {
        const writer = stage.writer({ inFlight: 3, linesMax: 10, pauseMs: 10 })
        await writer.said('acked', 5)
        let done = 0
        for (; done < rounds[scene.scale]; done++) {
          const before = writer.count('full')
          fill(ballast)
          if (!(await writer.said('full', before + 3, 30_000)))
            stage.notice('a writer is silent while the disk is full')
          await readsGoOn(stage)
          const acked = writer.count('acked')
          rmSync(ballast)
          if (!(await writer.said('acked', acked + 10, 30_000))) stage.notice('writes do not resume when there is room')
        }
        return stage.judged(done)
      })
    } finally {
      disk.remove()
    }
  },
}

/** Takes all the room. */
const fill = (file: string): void => {
  for (const bytes of [1 << 20, 1 << 12]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(bytes), { flag: 'a' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}

const readsGoOn = async (stage: Stage): Promise<void> => {
  const storage = await lmdb(stage.folder).open()
  const { batches } = await storage.read(0, 0, { recordsMax: 100, bytesMax: 1 << 20 })
  if (batches.length === 0) stage.notice('nothing can be read while the disk is full')
  await storage.close()
}
