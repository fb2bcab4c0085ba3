import { firstIndex } from '@weir/core/protocol'
import { covers, HistoryIndex, placeName, recordAt } from '../internal/HistoryIndex.ts'
import type { Anomaly } from './Anomaly.ts'
import type { History, PartitionRead } from './HistoryEvent.ts'

/**
 * Reads that do not show what was acknowledged, or read by anyone, before they began: of records that are there in the end, and
 * of positions, where all moves go forward.
 *
 * @example
 * import type { History } from '@weir/testing'
 * const read = { kind: 'read', process: 'b', partition: 0, position: 0, isAtEnd: true } as const
 * const history: History = [
 *   { ...read, at: 1, until: 2, next: 1, records: [{ offset: 0, id: 'x' }] },
 *   { ...read, at: 3, until: 4, next: 0, records: [] },
 *   { ...read, at: 5, until: 6, next: 1, records: [{ offset: 0, id: 'x' }] },
 * ]
 * findStale(history).length // => 1
 */
export const findStale = (history: History): ReadonlyArray<Anomaly> => staleIn(new HistoryIndex(history))

/** As `findStale`. */
export const staleIn = (index: HistoryIndex): ReadonlyArray<Anomaly> => [...staleReads(index), ...stalePositions(index)]

interface Known {
  readonly offset: number
  readonly id: string
  /** From when on every read must show it. */
  readonly since: number
}

const staleReads = (index: HistoryIndex): ReadonlyArray<Anomaly> =>
  [...index.reads].flatMap(([partition, reads]) => {
    const known = knownOf(index, partition)
    const byOffset = known.toSorted((left, right) => left.offset - right.offset)
    let seen = 0
    let highest = -1
    return reads.flatMap((read) => {
      for (; seen < known.length && known[seen]!.since < read.at; seen++)
        highest = Math.max(highest, known[seen]!.offset)
      return missedBy(index, read, byOffset, highest)
    })
  })

/** What a read had to show and did not. */
const missedBy = (
  index: HistoryIndex,
  read: PartitionRead,
  known: ReadonlyArray<Known>,
  highest: number,
): ReadonlyArray<Anomaly> => {
  const missed: Anomaly[] = []
  for (let place = firstIndex(known, ({ offset }) => offset >= read.position); place < known.length; place++) {
    const { offset, id, since } = known[place]!
    if (offset > highest) break
    if (since >= read.at || !covers(read, offset) || recordAt(read, offset)?.id === id) continue
    const final = index.final(id)
    // else it is lost
    if (final?.record.offset === offset && final.read !== read) {
      const message = `${read.process} did not read '${id}' at offset ${offset} of partition ${read.partition}, which was known before`
      missed.push({ kind: 'stale', message })
    }
  }
  return missed
}

/** What there is in a partition, in the order in which it became known. */
const knownOf = (index: HistoryIndex, partition: number): ReadonlyArray<Known> => {
  const first = new Map<string, Known>()
  const learn = (id: string, offset: number, since: number): void => {
    const before = first.get(id)
    if (before === undefined || before.since > since) first.set(id, { offset, id, since })
  }
  for (const { called, acknowledgedAt, offsets } of index.commits)
    offsets.forEach((offset, place) => {
      const record = called.records[place]!
      if (record.partition === partition) learn(record.id, offset, acknowledgedAt)
    })
  for (const { until, records } of index.reads.get(partition)!)
    for (const { id, offset } of records) learn(id, offset, until)
  return [...first.values()].sort((left, right) => left.since - right.since)
}

const stalePositions = (index: HistoryIndex): ReadonlyArray<Anomaly> => {
  const moves = index.commits.flatMap(({ called, acknowledgedAt }) =>
    called.positions.map(({ group, partition, from, next }) => ({
      name: placeName(group, partition),
      next,
      since: acknowledgedAt,
      isBack: next < from,
    })),
  )
  const backwards = new Set(moves.filter(({ isBack }) => isBack).map(({ name }) => name))
  return [...index.positions].flatMap(([name, reads]) => {
    if (backwards.has(name)) return []
    const known = [
      ...moves.filter((move) => move.name === name && move.since < Infinity),
      ...reads.map(({ next, until }) => ({ next, since: until })),
    ].sort((left, right) => left.since - right.since)
    let seen = 0
    let least = 0
    return reads.flatMap(({ at, process, group, partition, next }): ReadonlyArray<Anomaly> => {
      for (; seen < known.length && known[seen]!.since < at; seen++) least = Math.max(least, known[seen]!.next)
      if (next >= least) return []
      const message = `${process} read the position ${next} of group '${group}' in partition ${partition}; ${least} was known before`
      return [{ kind: 'stale', message }]
    })
  })
}
