import { HistoryIndex } from '../internal/HistoryIndex.ts'
import type { Anomaly } from './Anomaly.ts'
import type { History } from './HistoryEvent.ts'

/**
 * Records that were read at more than one place. One that was sent again after an unknown outcome keeps its id, so it counts.
 *
 * @example
 * const records = [{ offset: 0, id: 'x' }, { offset: 1, id: 'x' }]
 * const read = { kind: 'read', process: 'a', at: 1, until: 2, partition: 0, position: 0, next: 2, isAtEnd: true } as const
 * findDuplicated([{ ...read, records }]).length // => 1
 */
export const findDuplicated = (history: History): ReadonlyArray<Anomaly> => duplicatedIn(new HistoryIndex(history))

/** As `findDuplicated`. */
export const duplicatedIn = (index: HistoryIndex): ReadonlyArray<Anomaly> => {
  const places = new Map<string, string>()
  const found = new Map<string, Anomaly>()
  for (const [partition, reads] of index.reads) {
    for (const { offset, id } of reads.flatMap(({ records }) => records)) {
      const place = `offset ${offset} of partition ${partition}`
      const first = places.get(id)
      if (first === undefined) places.set(id, place)
      else if (first !== place && !found.has(id))
        found.set(id, { kind: 'duplicated', message: `'${id}' was read at ${first} and at ${place}` })
    }
  }
  return [...found.values()]
}
