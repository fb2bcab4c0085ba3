import { minutes, murmur2Partitioner, utf8 } from '@weir/core'
import { type Click, gapMs, graceMs, outOfOrdernessMs, partitions, type Visit } from './visits.ts'

/** A click with its visitor. */
export interface VisitorClick {
  readonly visitor: string
  readonly click: Click
}

const visitors = 500
const pages = 40
const firstDay = Date.UTC(2026, 0, 1)

/**
 * Clicks in the order in which they come in, the same for the same seed. Most visitors are online; the clicks of some come minutes
 * later, and those of a few when it is too late.
 *
 * @param random - numbers from 0 to 1
 */
export const clicksOf = (count: number, random: () => number): ReadonlyArray<VisitorClick> => {
  // so that a visitor clicks every 12 minutes in the mean: now and then a visit ends in between
  const stepMs = minutes(12) / visitors
  const arriving = Array.from({ length: count }, (_, index) => {
    const at = firstDay + Math.floor(index * stepMs + random() * stepMs)
    const online = random()
    const delayMs = online < 0.9 ? 1_000 : online < 0.99 ? minutes(3) : minutes(90)
    const visitor = `visitor-${Math.floor(random() * visitors)}`
    return { arrival: at + random() * delayMs, visitor, click: { at, page: `/page/${Math.floor(random() * pages)}` } }
  })
  return arriving.sort((a, b) => a.arrival - b.arrival).map(({ visitor, click }) => ({ visitor, click }))
}

/** What a plain loop makes of the clicks. */
export interface Expected {
  readonly visits: ReadonlyArray<Visit>
  readonly late: ReadonlyArray<VisitorClick>
}

const partitionOf = (visitor: string): number => murmur2Partitioner(utf8.encode(visitor), partitions, 0)

/** All visits and late clicks, by sorting the clicks of each visitor: it shares no code with the job. */
export const expectedOf = (all: ReadonlyArray<VisitorClick>): Expected => {
  const latest = new Array<number>(partitions).fill(-Infinity)
  const late: VisitorClick[] = []
  const inTime = new Map<string, Click[]>()
  for (const each of all) {
    const partition = partitionOf(each.visitor)
    const reached = Math.max(latest[partition]!, each.click.at)
    latest[partition] = reached
    if (each.click.at + 1 + graceMs <= reached - outOfOrdernessMs) late.push(each)
    else inTime.set(each.visitor, [...(inTime.get(each.visitor) ?? []), each.click])
  }
  return { visits: [...inTime].flatMap(([visitor, ofVisitor]) => visitsOf(visitor, ofVisitor)), late }
}

const visitsOf = (visitor: string, ofVisitor: ReadonlyArray<Click>): ReadonlyArray<Visit> => {
  const found: Visit[] = []
  for (const { at, page } of ofVisitor.toSorted((a, b) => a.at - b.at)) {
    const open = found.at(-1)
    if (open !== undefined && at - (open.end - 1) <= gapMs) {
      found[found.length - 1] = { ...open, end: at + 1, clicks: open.clicks + 1, exit: page }
    } else found.push({ visitor, begin: at, end: at + 1, clicks: 1, entry: page, exit: page })
  }
  return found
}
