import { HistoryIndex } from '../internal/HistoryIndex.ts'
import type { Anomaly, AnomalyKind } from './Anomaly.ts'
import { duplicatedIn } from './findDuplicated.ts'
import { lostIn } from './findLost.ts'
import { phantomsIn } from './findPhantoms.ts'
import { reorderedIn } from './findReordered.ts'
import { staleIn } from './findStale.ts'
import { tornIn } from './findTorn.ts'
import type { History } from './HistoryEvent.ts'

/** What all checkers say of a history. */
export interface HistoryVerdict {
  readonly commits: number
  /** Acknowledged ones. */
  readonly records: number
  readonly reads: number
  /** Acknowledged records that no later read covers: of these nobody can say whether they are there. Read all at the end. */
  readonly unread: number
  readonly anomalies: ReadonlyArray<Anomaly>
  /** How many anomalies there are of each kind. */
  readonly counts: Readonly<Record<AnomalyKind, number>>
}

/**
 * Puts a history before all checkers: `findLost`, `findDuplicated`, `findReordered`, `findTorn`, `findStale`, `findPhantoms`.
 *
 * Topics that are compacted cannot be judged, because what compaction removes counts as lost. Costs about a second for 100 000
 * operations.
 *
 * @throws InvariantViolated when a commit was acknowledged with another number of offsets than it has records
 * @example
 * judgeHistory([]).counts // => { lost: 0, duplicated: 0, reordered: 0, torn: 0, stale: 0, phantom: 0 }
 */
export const judgeHistory = (history: History): HistoryVerdict => {
  const index = new HistoryIndex(history)
  const found = {
    lost: lostIn(index),
    duplicated: duplicatedIn(index),
    reordered: reorderedIn(index),
    torn: tornIn(index),
    stale: staleIn(index),
    phantom: phantomsIn(index),
  }
  let records = 0
  let unread = 0
  for (const { called, acknowledgedAt, offsets } of index.commits) {
    records += offsets.length
    offsets.forEach((offset, place) => {
      if (index.lastCovering(called.records[place]!.partition, offset, acknowledgedAt) === undefined) unread++
    })
  }
  return {
    commits: index.commits.length,
    records,
    reads: [...index.reads.values()].reduce((sum, reads) => sum + reads.length, 0),
    unread,
    anomalies: Object.values(found).flat(),
    counts: {
      lost: found.lost.length,
      duplicated: found.duplicated.length,
      reordered: found.reordered.length,
      torn: found.torn.length,
      stale: found.stale.length,
      phantom: found.phantom.length,
    },
  }
}
