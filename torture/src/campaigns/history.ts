import { type Campaign, type Scene, type Score } from '../Campaign.ts'
import { newShim, type Shim, whyNoShim } from '../machine.ts'
import { pause, type Puppet } from '../Puppet.ts'
import { onStage, Stage } from '../Stage.ts'

/** A scene plays until there were so many faults, */
const faultsMin = { short: 10, full: 30 }
/** and so many lines, each of which is written once and read three times, and its copy twice: more than 10^5 operations. */
const linesMin = 15_000
const playMsMax = 120_000
const leaseMs = 1_500

/** Two writers, a job in two processes, and all faults at once, at random moments. */
export const historyCampaign: Campaign = {
  name: 'recorded history',
  of: 'operations',
  runsForRelease: 100_000_000,
  whyNot: () => undefined,
  run: (scene) => onStage(new Stage(scene), (stage) => play(stage, scene)),
}

type Start = (shim: Shim | undefined) => Puppet

const play = async (stage: Stage, { scale }: Scene): Promise<Score> => {
  const hasShim = whyNoShim() === undefined
  const env = (shim: Shim | undefined) => (shim === undefined ? {} : { env: shim.env })
  // only writers get I/O errors, after which native code may end them
  const writer = (shim: Shim | undefined) => ({ ...env(shim), mayAbort: true })
  const start: ReadonlyArray<Start> = [
    (shim) => stage.writer({ inFlight: 4, linesMax: 500, pauseMs: 2, reopens: true, users: 50 }, writer(shim)),
    (shim) => stage.writer({ inFlight: 1, linesMax: 3, pauseMs: 1, reopens: true, users: 50 }, writer(shim)),
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
  const deadline = performance.now() + playMsMax
  let faults = 0
  for (; faults < faultsMin[scale] || stage.ackedLines < linesMin; faults++) {
    if (performance.now() > deadline) {
      stage.notice(`only ${stage.ackedLines} lines and ${faults} faults in ${playMsMax} ms`)
      break
    }
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
  const score = await stage.judged(0)
  return { ...score, runs: score.operations }
}
