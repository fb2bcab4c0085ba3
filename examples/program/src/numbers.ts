/** A number with separators, such as 3,000,000. */
export const counted = (value: number): string => Math.round(value).toLocaleString('en')

/** How many kills: 1 kill, 2 kills. */
export const countedKills = (count: number): string => `${counted(count)} ${count === 1 ? 'kill' : 'kills'}`

/** Milliseconds as seconds with one decimal. */
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** How many in a second, over the last two seconds or so. */
export class Rate {
  #samples: Array<{ readonly at: number; readonly count: number }> = []

  perSecond(count: number): number {
    const at = performance.now()
    this.#samples.push({ at, count })
    while (this.#samples.length > 2 && at - this.#samples[1]!.at > 2_000) this.#samples.shift()
    const first = this.#samples[0]!
    return at === first.at ? 0 : ((count - first.count) * 1_000) / (at - first.at)
  }
}
