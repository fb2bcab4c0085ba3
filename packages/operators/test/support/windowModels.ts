import type { Sent } from './through.ts'

// Windows as a plain computation over all records at once. Records come through one partition, in their order.

/** A window: key, first millisecond, the one behind the last, and the values in it. */
export type WindowValues = readonly [key: string, start: number, end: number, values: ReadonlyArray<number>]

/**
 * The records that are in time, when event time is so far behind the latest one, and a record at `t` is late once it has come to
 * `t + 1 + graceMs`.
 */
export const inTime = (sent: ReadonlyArray<Sent>, behindMs: number, graceMs: number): ReadonlyArray<Sent> => {
  let latest = -Infinity
  return sent.filter(([, , at = 0]) => {
    latest = Math.max(latest, at)
    return at + 1 + graceMs > latest - behindMs
  })
}

const byKey = (sent: ReadonlyArray<Sent>): Map<string, Sent[]> => Map.groupBy(sent, ([key]) => key)

const valuesOf = (sent: ReadonlyArray<Sent>): ReadonlyArray<number> => sent.map(([, value]) => value)

const inOrder = (windows: ReadonlyArray<WindowValues>): ReadonlyArray<WindowValues> =>
  windows.toSorted((a, b) => a[2] - b[2] || (a[0] < b[0] ? -1 : 1))

/** Records that are at most `gapMs` apart are one session. */
export const sessionsOf = (sent: ReadonlyArray<Sent>, gapMs: number): ReadonlyArray<WindowValues> => {
  const windows: WindowValues[] = []
  for (const [key, all] of byKey(sent)) {
    const sorted = all.toSorted((a, b) => a[2]! - b[2]!)
    let from = 0
    sorted.forEach(([, , at], index) => {
      const next = sorted[index + 1]
      if (next !== undefined && next[2]! - at! <= gapMs) return
      windows.push([key, sorted[from]![2]!, at! + 1, valuesOf(sorted.slice(from, index + 1))])
      from = index + 1
    })
  }
  return inOrder(windows)
}

/** A window that ends at each record, and one that begins right behind each if there is anything in it. */
export const slidingOf = (sent: ReadonlyArray<Sent>, sizeMs: number): ReadonlyArray<WindowValues> => {
  const windows: WindowValues[] = []
  for (const [key, all] of byKey(sent)) {
    const starts = new Set(all.flatMap(([, , at]) => [at! - sizeMs, at! + 1]))
    for (const start of starts) {
      const within = all.filter(([, , at]) => at! >= start && at! <= start + sizeMs)
      if (within.length > 0) windows.push([key, start, start + sizeMs + 1, valuesOf(within)])
    }
  }
  return inOrder(windows)
}

/** Windows of a size that begin at the multiples of `advanceMs`; each record counts in those that are not over for it. */
export const hoppingOf = (
  sent: ReadonlyArray<Sent>,
  { sizeMs, advanceMs, graceMs, behindMs }: Readonly<Record<string, number>>,
): ReadonlyArray<WindowValues> => {
  const windows = new Map<string, WindowValues>()
  let latest = -Infinity
  for (const [key, value, at = 0] of sent) {
    latest = Math.max(latest, at)
    for (let start = Math.floor(at / advanceMs!) * advanceMs!; start + sizeMs! > at; start -= advanceMs!) {
      const end = start + sizeMs!
      if (end + graceMs! <= latest - behindMs!) continue
      const before = windows.get(`${key}/${start}`)?.[3] ?? []
      windows.set(`${key}/${start}`, [key, start, end, [...before, value]])
    }
  }
  return inOrder([...windows.values()])
}
