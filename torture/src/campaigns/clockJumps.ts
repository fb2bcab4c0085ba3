import type { Campaign } from '../Campaign.ts'
import { newShim, whyNoShim } from '../machine.ts'
import { pause } from '../Puppet.ts'
import { onStage, Stage } from '../Stage.ts'

const hourMs = 3_600_000
const jumps = [hourMs, -hourMs, 24 * hourMs, -24 * hourMs]
const rounds = { short: 1, full: 5 }

/** The clock of one process jumps by hours and days: nobody loses its lease, and nothing its order. */
export const clockCampaign: Campaign = {
  name: 'clock jumps',
  of: 'jumps',
  runsForRelease: 100,
  whyNot: whyNoShim,
  run: (scene) =>
    onStage(new Stage(scene), async (stage) => {
      const shims = [0, 1, 2].map(() => newShim(stage.base))
      const how = (index: number) => ({ env: shims[index]!.env })
      const first = stage.member(20_000, how(0))
      await first.said('assigned 7')
      const second = stage.member(20_000, how(1))
      const writer = stage.writer({ inFlight: 2, linesMax: 4, pauseMs: 5 }, how(2))
      for (const member of [first, second]) await member.said('committed', 3)
      await pause(500)
      const settled = [first, second].map((member) => member.count('assigned'))
      let done = 0
      for (let round = 0; round < rounds[scene.scale]; round++) {
        for (const jump of jumps) {
          shims[stage.below(shims.length)]!.set({ clockAheadMs: jump })
          done++
          const before = [first, second].map((member) => member.count('committed'))
          for (const [index, member] of [first, second].entries())
            if (!(await member.said('committed', before[index]! + 2, 15_000)))
              stage.notice(`a member stands still after a jump of ${jump} ms`)
          if (!(await writer.said('acked', writer.count('acked') + 5, 15_000)))
            stage.notice(`the writer stands still after a jump of ${jump} ms`)
        }
      }
      const moved = [first, second].some((member, index) => member.count('assigned') !== settled[index])
      if (moved) stage.notice('a lease was lost when a clock jumped')
      return stage.judged(done)
    }),
}
