import { InvariantViolated } from '@weir/core'
import { firstIndex } from '@weir/core/protocol'
import type { CommitCalled, History, PartitionRead, PositionRead, ReadRecord } from '../history/HistoryEvent.ts'

/** A commit with what became of it. */
export interface JudgedCommit {
  readonly called: CommitCalled
  readonly applied: 'yes' | 'no' | 'unknown'
  /** When it was acknowledged, or Infinity. */
  readonly acknowledgedAt: number
  /** Where its records are, when it is acknowledged. */
  readonly offsets: ReadonlyArray<number>
}

/** A record that was read, and where. */
export interface SeenRecord {
  readonly record: ReadRecord
  readonly read: PartitionRead
}

/** A history, arranged so that each question about it costs little. */
export class HistoryIndex {
  readonly commits: ReadonlyArray<JudgedCommit>
  /** By partition, in the order in which they began. */
  readonly reads: ReadonlyMap<number, ReadonlyArray<PartitionRead>>
  /** By group and partition, in the order in which they began. */
  readonly positions: ReadonlyMap<string, ReadonlyArray<PositionRead>>
  /** The commits that hold a record of this id; more than one when it was sent again. */
  readonly commitsOf: ReadonlyMap<string, ReadonlyArray<JudgedCommit>>
  /** Where a record was read in the end, by id. */
  readonly #final = new Map<string, SeenRecord>()

  constructor(history: History) {
    this.commits = commitsIn(history)
    const began = history.toSorted((left, right) => left.at - right.at)
    this.reads = Map.groupBy(
      began.filter((event) => event.kind === 'read'),
      ({ partition }) => partition,
    )
    this.positions = Map.groupBy(
      began.filter((event) => event.kind === 'position'),
      ({ group, partition }) => placeName(group, partition),
    )
    const byId = new Map<string, JudgedCommit[]>()
    for (const commit of this.commits) {
      for (const { id } of commit.called.records) {
        const found = byId.get(id)
        if (found === undefined) byId.set(id, [commit])
        else found.push(commit)
      }
    }
    this.commitsOf = byId
    for (const reads of this.reads.values())
      for (const read of reads)
        for (const record of read.records)
          if (this.lastCovering(read.partition, record.offset, -Infinity) === read)
            this.#final.set(record.id, { record, read })
  }

  /** The last read that shows whether there is something at an offset, if one began after that time. */
  lastCovering(partition: number, offset: number, after: number): PartitionRead | undefined {
    const read = this.reads.get(partition)?.findLast((candidate) => covers(candidate, offset))
    return read !== undefined && read.at >= after ? read : undefined
  }

  /** Where a record is at the end. */
  final(id: string): SeenRecord | undefined {
    return this.#final.get(id)
  }

  /** Whether the partition was read from offset 0 to its end after that time, so that a record in no read is not there. */
  isReadWhole(partition: number, after: number): boolean {
    const reads = this.reads.get(partition) ?? []
    const end = reads.findLast(({ isAtEnd }) => isAtEnd)
    const start = reads.findLast(({ position }) => position === 0)
    return end !== undefined && start !== undefined && Math.min(start.at, end.at) >= after
  }
}

/** A name for a group's position of a partition. */
export const placeName = (group: string, partition: number): string => `${partition}/${group}`

/** Whether a read shows what is at an offset, or that nothing is. */
export const covers = ({ position, next, isAtEnd }: PartitionRead, offset: number): boolean =>
  offset >= position && (offset < next || isAtEnd)

/** The record that a read shows at an offset. */
export const recordAt = ({ records }: PartitionRead, offset: number): ReadRecord | undefined => {
  const found = records[firstIndex(records, (record) => record.offset >= offset)]
  return found?.offset === offset ? found : undefined
}

const commitsIn = (history: History): ReadonlyArray<JudgedCommit> => {
  const outcomes = new Map<string, Pick<JudgedCommit, 'applied' | 'acknowledgedAt' | 'offsets'>>()
  for (const event of history) {
    const name = 'op' in event ? `${event.process}/${event.op}` : ''
    if (event.kind === 'acknowledged')
      outcomes.set(name, { applied: 'yes', acknowledgedAt: event.at, offsets: event.offsets })
    if (event.kind === 'failed') outcomes.set(name, { applied: event.applied, acknowledgedAt: Infinity, offsets: [] })
  }
  const unknown = { applied: 'unknown', acknowledgedAt: Infinity, offsets: [] } as const
  return history
    .filter((event) => event.kind === 'commit')
    .toSorted((left, right) => left.at - right.at || left.op - right.op)
    .map((called) => {
      const outcome = outcomes.get(`${called.process}/${called.op}`) ?? unknown
      if (outcome.applied === 'yes' && outcome.offsets.length !== called.records.length)
        throw new InvariantViolated(
          `commit ${called.op} of ${called.process} has ${called.records.length} records, and ${outcome.offsets.length} offsets`,
        )
      return { called, ...outcome }
    })
}
