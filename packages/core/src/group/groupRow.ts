import { textBytes } from '../codec/textBytes.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { jsonRow, parseRow, retried } from '../log/ids.ts'
import { commitOf, type Committed, type Expectation, type PositionChange, type RowChange } from '../ports/Commit.ts'
import { rowKey, systemStores } from '../ports/rows.ts'
import type { RowReader, Storage } from '../ports/Storage.ts'
import { emptyGroup, type GroupPartition, type GroupState } from './GroupState.ts'

/** The row that holds a group's state. */
export const groupRow = (group: string): Uint8Array => rowKey(systemStores.groups, 0, textBytes(group))

/** The row that holds what the members of a run to the end have in common. */
export const runRow = (group: string): Uint8Array => rowKey(systemStores.groups, 1, textBytes(group))

/** The row that a member changes to show that it is alive. */
export const heartbeatRow = (group: string, id: number): Uint8Array =>
  rowKey(systemStores.heartbeats, id, textBytes(group))

/** Who owns a partition for a group: the name under which its epoch is kept. */
export const ownerOf = (group: string, { topic, partition }: GroupPartition): string => `${group}/${topic}/${partition}`

/** A group as of now, and its row; an empty one before anybody has joined. */
export const readGroup = (
  rows: RowReader,
  group: string,
): { readonly state: GroupState; readonly row: Uint8Array | null } => {
  const row = rows.get(groupRow(group)) ?? null
  return { state: groupIn(row), row }
}

/** The group that a row holds; an empty one for none. */
export const groupIn = (row: Uint8Array | null): GroupState =>
  row === null ? emptyGroup : { ...emptyGroup, ...(parseRow(row) as GroupState) }

/** What else a change of a group does, in the same commit. */
export interface GroupChange {
  readonly next: GroupState
  readonly expect?: ReadonlyArray<Expectation>
  readonly rows?: ReadonlyArray<RowChange>
  readonly positions?: ReadonlyArray<PositionChange>
}

/**
 * Changes a group's state; tried anew when others change it at the same moment. A change that gives the state as it is
 * commits nothing.
 */
export const changeGroup = (
  storage: Storage,
  group: string,
  change: (state: GroupState) => GroupChange,
): CompletableFuture<GroupState> =>
  retried(() => {
    const { state, row } = readGroup(storage.rows, group)
    const { next, expect = [], rows = [], positions = [] } = change(state)
    if (next === state) return CompletableFuture.completed(state)
    const key = groupRow(group)
    const commit = commitOf({
      expect: [{ key, value: row }, ...expect],
      rows: [{ key, value: jsonRow(next) }, ...rows],
      positions,
    })
    return storage.commit(commit).thenApply((_: Committed) => next)
  })

/** All groups that anybody has joined so far, by name. */
export const listGroups = (rows: RowReader): ReadonlyArray<string> =>
  rows
    .range(rowKey(systemStores.groups, 0, noBytes), rowKey(systemStores.groups, 1, noBytes), { limit: 1_000_000 })
    .map(({ key }) => decoder.decode(key.subarray(8)))

const decoder = new TextDecoder()
const noBytes = new Uint8Array(0)
