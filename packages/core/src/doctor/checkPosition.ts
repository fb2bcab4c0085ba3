import type { Catalog } from './Catalog.ts'
import type { Findings } from './Findings.ts'

/** Where a group stands in a partition. */
export interface StoredPosition {
  readonly group: string
  readonly partition: number
  /** The next offset to read. */
  readonly next: number
  /** The end of the partition. */
  readonly end: number
}

/** Looks whether a position lies within its partition. One before the start is what retention leaves. */
export const checkPosition = (
  findings: Findings,
  catalog: Catalog,
  { group, partition, next, end }: StoredPosition,
): void => {
  findings.begin('positions', 'positions')
  findings.looked('positions')
  const where = `group '${group}' in ${catalog.nameOf(partition)}`
  if (!Number.isSafeInteger(next) || next < 0) findings.wrong('positions', where, `its position is ${next}`)
  else if (next > end) findings.wrong('positions', where, `its position is ${next}, behind the end ${end}`)
  if (catalog.topicOf(partition) === undefined) findings.wrong('positions', where, 'there is no such partition')
}
