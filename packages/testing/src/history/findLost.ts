import { HistoryIndex, recordAt } from '../internal/HistoryIndex.ts'
import type { Anomaly } from './Anomaly.ts'
import type { History } from './HistoryEvent.ts'

/**
 * Acknowledged records that are not where they were acknowledged in the last read that covers the place.
 * What no read that began later covers is not judged: read everything at the end.
 *
 * @example
 * import type { History } from '@weir/testing'
 * const history: History = [
 *   { kind: 'commit', process: 'a', at: 1, op: 0, records: [{ partition: 0, id: 'x' }], positions: [] },
 *   { kind: 'acknowledged', process: 'a', at: 2, op: 0, offsets: [0] },
 *   { kind: 'read', process: 'b', at: 3, until: 4, partition: 0, position: 0, next: 0, isAtEnd: true, records: [] },
 * ]
 * findLost(history).length // => 1
 */
export const findLost = (history: History): ReadonlyArray<Anomaly> => lostIn(new HistoryIndex(history))

/** As `findLost`. */
export const lostIn = (index: HistoryIndex): ReadonlyArray<Anomaly> =>
  index.commits.flatMap(({ called, acknowledgedAt, offsets }) =>
    offsets.flatMap((offset, place): ReadonlyArray<Anomaly> => {
      const { partition, id } = called.records[place]!
      const read = index.lastCovering(partition, offset, acknowledgedAt)
      if (read === undefined) return []
      const there = recordAt(read, offset)
      if (there?.id === id) return []
      const instead = there === undefined ? 'nothing' : `'${there.id}'`
      const message = `'${id}' of ${called.process} was acknowledged at offset ${offset} of partition ${partition}; ${read.process} read ${instead} there in the end`
      return [{ kind: 'lost', message }]
    }),
  )
