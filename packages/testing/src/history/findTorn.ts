import { HistoryIndex, type JudgedCommit, placeName } from '../internal/HistoryIndex.ts'
import type { Anomaly } from './Anomaly.ts'
import type { History, MoveInHistory } from './HistoryEvent.ts'

/**
 * Commits of which a part is there at the end and another is not: records, or the moves of positions; and records whose content
 * is damaged. Acknowledged records that are missing are `lost` alone.
 *
 * The last reads of all partitions and positions must have begun when all writers had ended.
 *
 * @example
 * import type { History } from '@weir/testing'
 * const records = [{ partition: 0, id: 'x' }, { partition: 1, id: 'y' }]
 * const read = { kind: 'read', process: 'b', at: 2, until: 3, position: 0, isAtEnd: true } as const
 * const history: History = [
 *   { kind: 'commit', process: 'a', at: 1, op: 0, records, positions: [] },
 *   { ...read, partition: 0, next: 1, records: [{ offset: 0, id: 'x' }] },
 *   { ...read, partition: 1, next: 0, records: [] },
 * ]
 * findTorn(history).length // => 1
 */
export const findTorn = (history: History): ReadonlyArray<Anomaly> => tornIn(new HistoryIndex(history))

/** As `findTorn`. */
export const tornIn = (index: HistoryIndex): ReadonlyArray<Anomaly> => [
  ...damaged(index),
  ...index.commits.flatMap((commit) => recordsTorn(index, commit)),
  ...positionsTorn(index),
]

const damaged = ({ reads }: HistoryIndex): ReadonlyArray<Anomaly> =>
  [...reads.values()].flat().flatMap(({ process, partition, records }) =>
    records.flatMap(({ offset, id, damage }): ReadonlyArray<Anomaly> => {
      if (damage === undefined) return []
      const message = `${process} read '${id}' damaged at offset ${offset} of partition ${partition}: ${damage}`
      return [{ kind: 'torn', message }]
    }),
  )

const recordsTorn = (index: HistoryIndex, { called, applied }: JudgedCommit): ReadonlyArray<Anomaly> => {
  if (applied !== 'unknown') return []
  const missing = called.records.filter((record) => isMissing(index, record, called.at))
  const there = called.records.filter(({ id }) => index.final(id) !== undefined)
  if (missing.length === 0 || there.length === 0) return []
  const message = `commit ${called.op} of ${called.process}: '${there[0]!.id}' is there, '${missing[0]!.id}' is not`
  return [{ kind: 'torn', message }]
}

/** Whether a record is known not to be there: where retention removes records, nobody knows. */
const isMissing = (
  index: HistoryIndex,
  { partition, id }: { readonly partition: number; readonly id: string },
  after: number,
): boolean => index.final(id) === undefined && index.isReadWhole(partition, after)

interface Move {
  readonly commit: JudgedCommit
  readonly move: MoveInHistory
}

const positionsTorn = (index: HistoryIndex): ReadonlyArray<Anomaly> => {
  const moves = index.commits
    .filter(({ applied, called }) => applied !== 'no' && called.records.length > 0)
    .flatMap((commit) => commit.called.positions.map((move): Move => ({ commit, move })))
  const bare = new Set(
    index.commits
      .filter(({ applied, called }) => applied !== 'no' && called.records.length === 0)
      .flatMap(({ called }) => called.positions.map(nameOf)),
  )
  return [...Map.groupBy(moves, ({ move }) => nameOf(move))].flatMap(([name, same]): ReadonlyArray<Anomaly> => {
    const { group, partition } = same[0]!.move
    const last = index.positions.get(placeName(group, partition))?.at(-1)
    if (last === undefined) return []
    const where = `the position of group '${group}' in partition ${partition} is ${last.next} in the end`
    const behind = same.find(
      ({ commit, move }) => move.next > last.next && commit.called.at < last.at && isThere(index, commit),
    )
    if (behind !== undefined) return [{ kind: 'torn', message: `${where}, and ${outputOf(behind)} is there` }]
    const isMoved =
      same.every(({ move }) => last.next >= move.next) && same.some(({ commit }) => commit.called.at < last.at)
    const areMissing = same.every(
      ({ commit }) =>
        commit.applied === 'unknown' &&
        commit.called.records.some((record) => isMissing(index, record, commit.called.at)),
    )
    if (!isMoved || !areMissing || bare.has(name)) return []
    return [{ kind: 'torn', message: `${where}, and ${outputOf(same[0]!)} is not there` }]
  })
}

const nameOf = ({ group, partition, from }: MoveInHistory): string => `${placeName(group, partition)} from ${from}`

const isThere = (index: HistoryIndex, { called }: JudgedCommit): boolean =>
  called.records.every(({ id }) => index.commitsOf.get(id)!.length === 1 && index.final(id) !== undefined)

const outputOf = ({ commit: { called }, move }: Move): string =>
  `'${called.records[0]!.id}' of the commit from ${move.from} to ${move.next}`
