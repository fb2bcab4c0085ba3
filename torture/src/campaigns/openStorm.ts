import type { Campaign } from '../Campaign.ts'
import { whyNoStrace } from '../machine.ts'
import { onStage, Stage } from '../Stage.ts'

const opensEach = { short: 15, full: 100 }
const openers = 3

/** Other processes open and close the folder while one writes; some of them stand still for 20 ms at each call. */
export const openStormCampaign: Campaign = {
  name: 'open storm',
  of: 'opens',
  runsForRelease: 10_000,
  whyNot: () => undefined,
  run: (scene) =>
    // in memory there are more commits a second, so that more of them meet an open
    onStage(new Stage(scene, { inMemory: true }), async (stage) => {
      const writer = stage.writer({ inFlight: 2, linesMax: 2 })
      await writer.said('acked', 20)
      const each = opensEach[scene.scale]
      const slowed = scene.scale === 'full' && whyNoStrace() === undefined && stage.below(4) === 0
      const delayed = ['fcntl', 'pread64', 'mmap'].map((call) => `inject=${call}:delay_exit=20000:when=1..40`)
      const slow = [
        'strace',
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-P',
        `${stage.folder}/data.mdb`,
        ...delayed.flatMap((one) => ['-e', one]),
      ]
      const storm = Array.from({ length: openers }, (_, index) =>
        stage.puppet('opener', [stage.folder, each], slowed && index === 0 ? { under: slow } : {}),
      )
      for (const opener of storm)
        if (!(await opener.said('opened', each)) && opener.failure === undefined) stage.notice('an opener hangs')
      return stage.judged(openers * each)
    }),
}
