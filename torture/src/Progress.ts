import { addScores, noScore, type Score } from './Campaign.ts'

/** What a campaign has come to. */
export interface Standing {
  readonly score: Score
  /** How long it took so far. */
  readonly ms: number
}

/** How far all campaigns are: plain data, so that another process can go on. */
export class Progress {
  readonly #standings: Map<string, Standing>
  #seed: number

  constructor(seed: number, standings: Iterable<readonly [string, Standing]> = []) {
    this.#seed = seed
    this.#standings = new Map(standings)
  }

  /** @param text - of `toString` */
  static parse(text: string): Progress {
    const { seed, standings } = JSON.parse(text) as {
      seed: number
      standings: ReadonlyArray<readonly [string, Standing]>
    }
    return new Progress(seed, standings)
  }

  /** A seed for one scene. */
  nextSeed(): number {
    return this.#seed++
  }

  of(campaign: string): Standing {
    return this.#standings.get(campaign) ?? { score: noScore, ms: 0 }
  }

  add(campaign: string, score: Score, ms: number): Standing {
    const before = this.of(campaign)
    const standing = { score: addScores(before.score, score), ms: before.ms + ms }
    this.#standings.set(campaign, standing)
    return standing
  }

  toString(): string {
    return JSON.stringify({ seed: this.#seed, standings: [...this.#standings] })
  }
}
