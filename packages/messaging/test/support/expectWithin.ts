import { expect } from 'vitest'

/** The law of all limits: in any window of w seconds at most `burst + ratePerSecond * w` of the times. */
export const expectWithin = (
  timesMs: ReadonlyArray<number>,
  { burst, ratePerSecond }: { readonly burst: number; readonly ratePerSecond: number },
): void => {
  // windows from one time to another are enough: wider ones hold no more
  timesMs.forEach((firstMs, first) => {
    for (let last = first; last < timesMs.length; last++) {
      const count = last - first + 1
      const windowMs = timesMs[last]! - firstMs
      const most = Math.floor(burst + (ratePerSecond * windowMs) / 1_000 + 1e-6)
      if (count > most) expect.fail(`${count} within ${windowMs} ms from ${firstMs} ms on; expected at most ${most}`)
    }
  })
}
