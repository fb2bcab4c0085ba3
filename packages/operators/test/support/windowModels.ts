import type { Sent } from './through.ts'

// Windows as a plain computation over all records at once. Records come through one partition, in their order.

/** The sum of a window: key, first millisecond, the one behind the last, and what is in it. */
export type WindowSum = readonly [key: string, start: number, end: number, sum: number]

/** The records that are in time, when a record at `t` is late once event time has come to `t + 1 + graceMs`. */
export const inTime = (sent: ReadonlyArray<Sent>, outOfOrdernessMs: number, graceMs: number): ReadonlyArray<Sent> => {
  let latest = -Infinity
  return sent.filter(([, , at = 0]) => {
    latest = Math.max(latest, at)
    return at + 1 + graceMs > latest - outOfOrdernessMs
  })
}

const byKey = (sent: ReadonlyArray<Sent>): Map<string, Sent[]> => Map.groupBy(sent, ([key]) => key)

const sum = (sent: ReadonlyArray<Sent>): number => sent.reduce((total, [, value]) => total + value, 0)

const inOrder = (sums: ReadonlyArray<WindowSum>): ReadonlyArray<WindowSum> =>
  sums.toSorted((a, b) => a[2] - b[2] || (a[0] < b[0] ? -1 : 1))

/** Records that are at most `gapMs` apart are one session. */
export const sessionSums = (sent: ReadonlyArray<Sent>, gapMs: number): ReadonlyArray<WindowSum> => {
  const sums: WindowSum[] = []
  for (const [key, all] of byKey(sent)) {
    const sorted = all.toSorted((a, b) => a[2]! - b[2]!)
    let from = 0
    sorted.forEach(([, , at], index) => {
      const next = sorted[index + 1]
      if (next !== undefined && next[2]! - at! <= gapMs) return
      sums.push([key, sorted[from]![2]!, at! + 1, sum(sorted.slice(from, index + 1))])
      from = index + 1
    })
  }
  return inOrder(sums)
}

/** A window that ends at each record, and one that begins right behind each if there is anything in it. */
export const slidingSums = (sent: ReadonlyArray<Sent>, sizeMs: number): ReadonlyArray<WindowSum> => {
  const sums: WindowSum[] = []
  for (const [key, all] of byKey(sent)) {
    const starts = new Set(all.flatMap(([, , at]) => [at! - sizeMs, at! + 1]))
    for (const start of starts) {
      const within = all.filter(([, , at]) => at! >= start && at! <= start + sizeMs)
      if (within.length > 0) sums.push([key, start, start + sizeMs + 1, sum(within)])
    }
  }
  return inOrder(sums)
}

/** Windows of a size that begin at the multiples of `advanceMs`; each record counts in those that are not over for it. */
export const hoppingSums = (
  sent: ReadonlyArray<Sent>,
  { sizeMs, advanceMs, graceMs, outOfOrdernessMs }: Readonly<Record<string, number>>,
): ReadonlyArray<WindowSum> => {
  const sums = new Map<string, WindowSum>()
  let latest = -Infinity
  for (const [key, value, at = 0] of sent) {
    latest = Math.max(latest, at)
    for (let start = Math.floor(at / advanceMs!) * advanceMs!; start + sizeMs! > at; start -= advanceMs!) {
      const end = start + sizeMs!
      if (end + graceMs! <= latest - outOfOrdernessMs!) continue
      const before = sums.get(`${key}/${start}`)?.[3] ?? 0
      sums.set(`${key}/${start}`, [key, start, end, before + value])
    }
  }
  return inOrder([...sums.values()])
}
