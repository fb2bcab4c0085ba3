import type { Campaign } from '../Campaign.ts'
import { pause, type Puppet } from '../Puppet.ts'
import { onStage, Stage } from '../Stage.ts'

/** With those in `sigkill.crash` and `processes.crash` a run of the tests has 100. */
const kills = { short: 45, full: 100 }
const sabotagedKills = 12
/** One that does nothing for so long is killed all the same. */
const idleMsMax = 10_000
const leaseMs = 3_000

/** `kill -9` of a writer or a member of a job at a random moment; another takes its place at once. */
export const killCampaign: Campaign = {
  name: 'kill -9',
  of: 'kills',
  runsForRelease: 5_000,
  whyNot: () => undefined,
  run: (scene) =>
    onStage(new Stage(scene), async (stage) => {
      const start: ReadonlyArray<() => Puppet> = [
        () => stage.writer({ inFlight: 3, linesMax: 8, pauseMs: 5 }),
        () => stage.member(leaseMs),
        () => stage.member(leaseMs),
      ]
      const atWork = start.map((one) => one())
      let done = 0
      // a sabotage is to be found soon, and more scenes follow if it was not
      const goal = scene.sabotage === undefined ? kills[scene.scale] : sabotagedKills
      while (done < goal) {
        // sometimes all at once
        const victims = [...atWork.keys()].filter(() => stage.below(2) === 0)
        // one in ten is hit before it is at work
        const isEarly = stage.below(10) === 0
        for (const which of isEarly ? [] : victims)
          await atWork[which]!.said(which === 0 ? 'acked' : 'committed', 1, idleMsMax)
        await pause(stage.below(60))
        for (const which of victims) {
          stage.notices(atWork[which]!)
          await atWork[which]!.end()
          atWork[which] = start[which]!()
          done++
        }
      }
      return stage.judged(done)
    }),
}
