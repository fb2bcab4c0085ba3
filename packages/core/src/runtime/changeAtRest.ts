import type { CompletableFuture } from '../future/CompletableFuture.ts'
import { type GroupState, remove } from '../group/GroupState.ts'
import { changeGroup, heartbeatRow, ownerOf } from '../group/groupRow.ts'
import { InvalidJob } from '../model/errors.ts'
import type { RowChange } from '../ports/Commit.ts'
import { epochOf, epochRow, epochValue } from '../ports/rows.ts'
import type { Storage } from '../ports/Storage.ts'

/** What is to be changed of a job that does not run. */
export interface ChangeAtRest {
  /** The group, from what the change was given. */
  readonly next: GroupState
  readonly rows: ReadonlyArray<RowChange>
}

/**
 * Changes what a job has stored, in one commit, while nobody runs it. Every task's epoch moves on with it, so that whoever was
 * stopped or cut off and comes back can commit nothing more.
 *
 * @param change - called again when something else was faster
 * @throws InvalidJob when a member of the job may be at work
 */
export const changeAtRest = (
  storage: Storage,
  job: string,
  change: (state: GroupState) => ChangeAtRest,
): CompletableFuture<void> =>
  changeGroup(storage, job, (state) => {
    const member = state.members.find(({ session }) => !storage.hasEnded(session))
    if (member !== undefined) {
      throw new InvalidJob(
        `job '${job}' is running, as member '${member.name}'; expected stop() of all its runs before its stores are changed ` +
          '(a run that was killed on another machine counts until its lease has run out)',
      )
    }
    const ids = state.members.map(({ id }) => id)
    const rest = remove(state, ids)
    const { next, rows } = change({ ...rest, version: rest.version + 1 })
    const epochs = Object.entries(state.owners).flatMap(([topic, owners]) =>
      owners.map((_, partition) => {
        const key = epochRow(ownerOf(job, { topic, partition }))
        return { key, value: storage.rows.get(key) ?? null }
      }),
    )
    return {
      next,
      expect: epochs,
      rows: [
        ...ids.map((id) => ({ key: heartbeatRow(job, id), value: null })),
        ...epochs.map(({ key, value }) => ({ key, value: epochValue(epochOf(value ?? undefined) + 1) })),
        ...rows,
      ],
    }
  }).thenApply(() => undefined)
