import { join } from 'node:path'
import type { Random } from '@weir/core'
import { seededRandom } from '@weir/testing'
import { addScores, noScore, type Scene, type Score } from './Campaign.ts'
import type { Evidence } from './judge.ts'
import { newFolder, removeFolder } from './machine.ts'
import type { WriterOptions } from './processes/writer.ts'
import { Puppet, type PuppetOptions } from './Puppet.ts'

const judgeMsMax = 300_000

/** Where one scene plays: a folder, the processes on it, what they have recorded, and what was noticed of them. */
export class Stage {
  /** Where the data is. */
  readonly folder: string
  /** Where the recorders write: not on a disk that fails. */
  readonly base: string
  readonly random: Random
  readonly #scene: Scene
  readonly #histories: string[] = []
  readonly #puppets: Puppet[] = []
  readonly #findings: string[] = []
  #isJobAtWork = false

  constructor(scene: Scene, options: { readonly folder?: string; readonly inMemory?: boolean } = {}) {
    this.base = newFolder(options.inMemory)
    this.folder = options.folder ?? join(this.base, 'data')
    this.random = seededRandom(scene.seed)
    this.#scene = scene
  }

  writer(options: WriterOptions, how: PuppetOptions = {}): Puppet {
    return this.#recorded('writer', JSON.stringify(options), how)
  }

  member(leaseMs: number, how: PuppetOptions = {}): Puppet {
    this.#isJobAtWork = true
    return this.#recorded('member', String(leaseMs), how)
  }

  /** A process that records nothing. */
  puppet(name: string, args: ReadonlyArray<string | number>, how: PuppetOptions = {}): Puppet {
    const puppet = new Puppet(name, args, { sabotage: this.#scene.sabotage, ...how })
    this.#puppets.push(puppet)
    return puppet
  }

  /** How many lines its writers say are acknowledged. */
  get ackedLines(): number {
    const said = this.#puppets.flatMap(({ lines }) => lines.filter((line) => line.startsWith('acked ')))
    return said.reduce((sum, line) => sum + Number(line.slice('acked '.length)), 0)
  }

  /** A whole number from 0 on, below that one. */
  below(end: number): number {
    return Math.floor(this.random.next() * end)
  }

  /** Something that must not be: it counts as hung. */
  notice(finding: string): void {
    this.#findings.push(finding)
  }

  /** Stops all, judges the folder, and adds what was noticed. */
  async judged(runs: number): Promise<Score> {
    for (const puppet of this.#puppets) {
      puppet.kill('SIGCONT')
      if (!puppet.hasEnded && !(await puppet.stop()))
        this.notice(
          `process '${puppet.name}' did not stop; it said ${puppet.lines.length} lines, at last '${puppet.lines.at(-1)}'`,
        )
      this.notices(puppet)
    }
    return this.#score(runs, await this.#verdict())
  }

  /** What a process noticed itself, and how it ended. */
  notices({ lines, failure }: Puppet): void {
    for (const line of lines) if (line.startsWith('hung')) this.notice(`a commit was silent: ${line}`)
    if (failure !== undefined) this.notice(failure)
  }

  /** As `judged`, with a judgement of its own. */
  scored(runs: number, score: Score): Score {
    for (const puppet of this.#puppets) this.notices(puppet)
    return this.#score(runs, score)
  }

  /** Ends all processes and removes everything. */
  async close(): Promise<void> {
    for (const puppet of this.#puppets) if (!puppet.hasEnded) await puppet.end()
    removeFolder(this.base)
  }

  async #verdict(): Promise<Score> {
    const evidence: Evidence = { histories: this.#histories, job: this.#isJobAtWork }
    const judge = new Puppet('judge', [this.folder, JSON.stringify(evidence)])
    const isSaid = await judge.said('score ', 1, judgeMsMax)
    if (!judge.hasEnded) await judge.end()
    if (isSaid) return JSON.parse(judge.lines.find((line) => line.startsWith('score '))!.slice(6)) as Score
    return { ...noScore, torn: 1, findings: [`the folder cannot be judged: ${judge.failure ?? 'no verdict in time'}`] }
  }

  #score(runs: number, score: Score): Score {
    return addScores({ ...noScore, runs, hung: this.#findings.length, findings: this.#findings }, score)
  }

  #recorded(name: string, options: string, how: PuppetOptions): Puppet {
    const own = `${name}${this.#histories.length}`
    const file = join(this.base, `${own}.jsonl`)
    this.#histories.push(file)
    return this.puppet(name, [this.folder, file, own, options], how)
  }
}

/** Plays a scene on a stage, which is empty again afterwards. */
export const onStage = async (stage: Stage, play: (stage: Stage) => Promise<Score>): Promise<Score> => {
  try {
    return await play(stage)
  } finally {
    await stage.close()
  }
}
