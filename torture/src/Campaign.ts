import type { Sabotage } from './sabotage.ts'

/** What must be zero at the end, and what was done until then. */
export interface Score {
  /** Faults, opens, seeds or states, by what the campaign is about. */
  readonly runs: number
  /** Records that were acknowledged and judged. */
  readonly records: number
  /** What is in the recorded history: each record that was committed or read, and each position. */
  readonly operations: number
  readonly lost: number
  readonly repeated: number
  readonly reordered: number
  /** Torn, damaged, read stale or a phantom, or something the doctor found. */
  readonly torn: number
  /** Silent for 10 s, or ended by a crash of its own. */
  readonly hung: number
  /** What is behind the counts that are not zero. */
  readonly findings: ReadonlyArray<string>
}

/** What one scene of a campaign is given. */
export interface Scene {
  /** All chance comes from it. */
  readonly seed: number
  /** A larger one takes longer, and does more. */
  readonly scale: 'short' | 'full'
  /** Processes run on it. */
  readonly sabotage?: Sabotage | undefined
}

/** One kind of fault, done again and again to real processes on a real folder. */
export interface Campaign {
  readonly name: string
  /** What is counted as a run. */
  readonly of: string
  /** How many runs a release takes. */
  readonly runsForRelease: number
  /** Why this machine cannot run it. */
  readonly whyNot: () => string | undefined
  /** One scene, from an empty folder to its judgement. */
  readonly run: (scene: Scene) => Promise<Score>
}

/** Nothing done, nothing found. */
export const noScore: Score = {
  runs: 0,
  records: 0,
  operations: 0,
  lost: 0,
  repeated: 0,
  reordered: 0,
  torn: 0,
  hung: 0,
  findings: [],
}

const findingsMax = 20

/** Both together. */
export const addScores = (left: Score, right: Score): Score => ({
  runs: left.runs + right.runs,
  records: left.records + right.records,
  operations: left.operations + right.operations,
  lost: left.lost + right.lost,
  repeated: left.repeated + right.repeated,
  reordered: left.reordered + right.reordered,
  torn: left.torn + right.torn,
  hung: left.hung + right.hung,
  findings: [...left.findings, ...right.findings].slice(0, findingsMax),
})

/** Whether all that must be zero is. */
export const isClean = ({ lost, repeated, reordered, torn, hung }: Score): boolean =>
  lost + repeated + reordered + torn + hung === 0
