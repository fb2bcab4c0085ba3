import { HistoryIndex, type JudgedCommit } from '../internal/HistoryIndex.ts'
import type { Anomaly } from './Anomaly.ts'
import type { History } from './HistoryEvent.ts'

/**
 * Records that stand before one of the same partition that was committed earlier: by the same process, in the order of the
 * calls; or by any, acknowledged before the call. Ids that were sent more than once are left out.
 * And reads whose records are not in the order of their offsets.
 *
 * @example
 * import type { History } from '@weir/testing'
 * const commit = { kind: 'commit', process: 'a', at: 1, positions: [] } as const
 * const history: History = [
 *   { ...commit, op: 0, records: [{ partition: 0, id: 'first' }] },
 *   { ...commit, op: 1, records: [{ partition: 0, id: 'second' }] },
 *   { kind: 'acknowledged', process: 'a', at: 2, op: 0, offsets: [1] },
 *   { kind: 'acknowledged', process: 'a', at: 2, op: 1, offsets: [0] },
 * ]
 * findReordered(history).length // => 1
 */
export const findReordered = (history: History): ReadonlyArray<Anomaly> => reorderedIn(new HistoryIndex(history))

/** As `findReordered`. */
export const reorderedIn = (index: HistoryIndex): ReadonlyArray<Anomaly> => [
  ...readsOutOfOrder(index),
  ...commitsOutOfOrder(index),
]

const readsOutOfOrder = ({ reads }: HistoryIndex): ReadonlyArray<Anomaly> =>
  [...reads.values()].flat().flatMap(({ process, partition, position, next, records }): ReadonlyArray<Anomaly> => {
    let least = position
    for (const { offset, id } of records) {
      if (offset < least || offset >= next) {
        const message = `${process} read '${id}' at offset ${offset} of partition ${partition}; expected ${least} to ${next - 1}`
        return [{ kind: 'reordered', message }]
      }
      least = offset + 1
    }
    return []
  })

interface Placed {
  readonly commit: JudgedCommit
  readonly id: string
  readonly offset: number
}

const commitsOutOfOrder = (index: HistoryIndex): ReadonlyArray<Anomaly> =>
  [...Map.groupBy(placedRecords(index), ({ partition }) => partition)].flatMap(([partition, placed]) => {
    const acknowledged = placed.toSorted((left, right) => left.commit.acknowledgedAt - right.commit.acknowledgedAt)
    const lastOf = new Map<string, Placed>()
    let over = 0
    let lastAcknowledged: Placed | undefined
    // commits are in the order of the calls
    return placed.flatMap((one): ReadonlyArray<Anomaly> => {
      const { called } = one.commit
      for (; over < acknowledged.length && acknowledged[over]!.commit.acknowledgedAt < called.at; over++)
        lastAcknowledged = later(lastAcknowledged, acknowledged[over]!)
      const before = later(lastOf.get(called.process), lastAcknowledged)
      lastOf.set(called.process, later(lastOf.get(called.process), one))
      if (before === undefined || before.offset < one.offset) return []
      const message = `'${one.id}' of ${called.process} is at offset ${one.offset} of partition ${partition}, before '${before.id}' at ${before.offset}, which was committed earlier`
      return [{ kind: 'reordered', message }]
    })
  })

const later = <P extends Placed | undefined>(left: Placed | undefined, right: P): Placed | P =>
  left !== undefined && (right === undefined || left.offset > right.offset) ? left : right

const placedRecords = (index: HistoryIndex): ReadonlyArray<Placed & { readonly partition: number }> =>
  index.commits.flatMap((commit) =>
    commit.called.records.flatMap(({ partition, id }, place) => {
      const offset = commit.offsets[place] ?? index.final(id)?.record.offset
      const isOnce = index.commitsOf.get(id)!.length === 1
      return offset === undefined || !isOnce ? [] : [{ commit, id, offset, partition }]
    }),
  )
