import { type Campaign, type Scene, type Score } from '../Campaign.ts'
import { newShim, type Shim, whyNoShim } from '../machine.ts'
import { pause, type Puppet } from '../Puppet.ts'
import { onStage, Stage } from '../Stage.ts'

/** How long one scene plays; a history of more than some 10^5 operations is judged in parts, so that memory stays flat. */
const playMs = { short: 1_500, full: 12_000 }
const leaseMs = 1_500

/** Two writers, a job in two processes, and all faults at once, at random moments. */
export const historyCampaign: Campaign = {
  name: 'recorded history',
  of: 'faults',
  runsForRelease: 100_000,
  whyNot: () => undefined,
  run: (scene) => onStage(new Stage(scene), (stage) => play(stage, scene)),
}

type Start = (shim: Shim | undefined) => Puppet

const play = async (stage: Stage, { scale }: Scene): Promise<Score> => {
  const hasShim = whyNoShim() === undefined
  const env = (shim: Shim | undefined) => (shim === undefined ? {} : { env: shim.env })
  const start: ReadonlyArray<Start> = [
    (shim) => stage.writer({ inFlight: 4, linesMax: 20, pauseMs: 2, reopens: true, users: 50 }, env(shim)),
    (shim) => stage.writer({ inFlight: 1, linesMax: 3, pauseMs: 1, reopens: true, users: 50 }, env(shim)),
    (shim) => stage.member(leaseMs, env(shim)),
    (shim) => stage.member(leaseMs, env(shim)),
  ]
  const shims = start.map(() => (hasShim ? newShim(stage.base) : undefined))
  const atWork = start.map((one, index) => one(shims[index]))
  const isWriter = (which: number): boolean => which < 2
  const restart = async (which: number): Promise<void> => {
    stage.notices(atWork[which]!)
    await atWork[which]!.end()
    shims[which]?.set({})
    atWork[which] = start[which]!(shims[which])
  }
  for (const [which, puppet] of atWork.entries()) await puppet.said(isWriter(which) ? 'acked' : 'open')
  let faults = 0
  for (const deadline = performance.now() + playMs[scale]; performance.now() < deadline; faults++) {
    await pause(50 + stage.below(300))
    const which = stage.below(atWork.length)
    const victim = atWork[which]!
    const fault = stage.below(5)
    if (fault === 0 || victim.hasEnded) await restart(which)
    else if (fault === 1) {
      victim.kill('SIGSTOP')
      await pause(stage.below(2 * leaseMs))
      victim.kill('SIGCONT')
    } else if (fault === 2) shims[which]?.set({ clockAheadMs: (stage.below(48) - 24) * 3_600_000 })
    else if (fault === 3) stage.puppet('opener', [stage.folder, 3])
    // a member's failure ends its process, which is no fault of its own here
    else if (isWriter(which)) shims[which]?.set({ failAfterCalls: 1 + stage.below(10) })
  }
  for (const shim of shims) shim?.set({})
  return stage.judged(faults)
}
