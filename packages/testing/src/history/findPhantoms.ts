import { HistoryIndex, placeName } from '../internal/HistoryIndex.ts'
import type { Anomaly } from './Anomaly.ts'
import type { History } from './HistoryEvent.ts'

/**
 * What was read and cannot be there: records and positions that nobody has committed, whose commits were refused, or that were
 * read before they were committed.
 *
 * @example
 * const records = [{ offset: 0, id: 'x' }]
 * const read = { kind: 'read', process: 'b', at: 1, until: 2, partition: 0, position: 0, next: 1, isAtEnd: true } as const
 * findPhantoms([{ ...read, records }]).length // => 1
 */
export const findPhantoms = (history: History): ReadonlyArray<Anomaly> => phantomsIn(new HistoryIndex(history))

/** As `findPhantoms`. */
export const phantomsIn = (index: HistoryIndex): ReadonlyArray<Anomaly> => [
  ...phantomRecords(index),
  ...phantomPositions(index),
]

const phantomRecords = (index: HistoryIndex): ReadonlyArray<Anomaly> => {
  const found = new Map<string, Anomaly>()
  for (const [partition, reads] of index.reads) {
    for (const { process, until, records } of reads) {
      for (const { id, offset } of records) {
        if (found.has(id)) continue
        const commits = (index.commitsOf.get(id) ?? []).filter(({ called }) =>
          called.records.some((record) => record.id === id && record.partition === partition),
        )
        const why = whyNot(commits, until)
        if (why === undefined) continue
        const message = `${process} read '${id}' at offset ${offset} of partition ${partition}, ${why}`
        found.set(id, { kind: 'phantom', message })
      }
    }
  }
  return [...found.values()]
}

const phantomPositions = (index: HistoryIndex): ReadonlyArray<Anomaly> => {
  const moves = Map.groupBy(
    index.commits.flatMap((commit) => commit.called.positions.map((move) => ({ ...commit, move }))),
    ({ move }) => `${placeName(move.group, move.partition)} to ${move.next}`,
  )
  return [...index.positions].flatMap(([name, reads]) =>
    reads.flatMap(({ process, until, group, partition, next }): ReadonlyArray<Anomaly> => {
      const why = next === 0 ? undefined : whyNot(moves.get(`${name} to ${next}`) ?? [], until)
      if (why === undefined) return []
      const message = `${process} read the position ${next} of group '${group}' in partition ${partition}, ${why}`
      return [{ kind: 'phantom', message }]
    }),
  )
}

const whyNot = (
  commits: ReadonlyArray<Pick<HistoryIndex['commits'][number], 'applied' | 'called'>>,
  until: number,
): string | undefined => {
  if (commits.length === 0) return 'which nobody committed there'
  if (commits.every(({ applied }) => applied === 'no')) return 'whose commit was refused'
  return commits.every(({ called }) => called.at > until) ? 'before it was committed' : undefined
}
