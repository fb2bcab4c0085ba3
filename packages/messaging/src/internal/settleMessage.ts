import { type Append, type Clock, CommitConflict, commitOf, CompletableFuture, type Storage } from '@weir/core'
import { retried } from '@weir/core/protocol'
import { HalfMessageSettled, UnknownHalfMessage } from '../errors.ts'
import type { Settlement } from '../HalfMessage.ts'
import {
  forgettingRows,
  type HalfMessageRow,
  messageKey,
  messageOf,
  readSettled,
  recordKey,
  settlingRows,
} from './halfMessageRows.ts'

/** What settling stands on; a `Weir` is one. */
export interface SettlingLog {
  readonly storage: Storage
  readonly clock: Clock
}

/** How long it is known how a message ended: a week. */
const settledKeptMs = 7 * 24 * 3_600_000
/** Each settling forgets a few old ones, so that they never pile up. */
const forgottenMax = 4

/**
 * Settles a half message, in one commit: its record is appended, or not, and it waits no more. Whoever comes first decides.
 *
 * @throws HalfMessageSettled when it was settled the other way, UnknownHalfMessage
 */
export const settleMessage = (log: SettlingLog, id: string, settled: Settlement): CompletableFuture<void> =>
  retried(() => {
    const { rows } = log.storage
    const present = rows.get(messageKey(id))
    if (present === undefined) return settledBefore(log, id, settled)
    return commitSettling(log, messageOf(present), present, settled)
  })

/**
 * As `settleMessage`, but only while the message's row is the given one: CommitConflict otherwise.
 *
 * @param alsoAppend - more that goes with it
 */
export const commitSettling = (
  { storage, clock }: SettlingLog,
  message: HalfMessageRow,
  row: Uint8Array,
  settled: Settlement,
  alsoAppend: ReadonlyArray<Append> = [],
): CompletableFuture<void> => {
  const now = clock.now()
  return storage
    .commit(
      commitOf({
        expect: [{ key: messageKey(message.id), value: row }],
        append: [...(settled === 'committed' ? [appendOf(storage, message)] : []), ...alsoAppend],
        rows: [
          ...forgettingRows(storage.rows, now - settledKeptMs, forgottenMax),
          ...settlingRows(message, settled, now),
        ],
      }),
    )
    .thenApply(() => undefined)
}

const appendOf = ({ rows }: Storage, { id, partition, isDeduplicated }: HalfMessageRow): Append => {
  const batch = rows.get(recordKey(id))
  if (batch === undefined) throw new CommitConflict(`half message ${JSON.stringify(id)} was settled by another`)
  return { partition, batch, dedupScope: isDeduplicated ? partition : undefined }
}

const settledBefore = ({ storage }: SettlingLog, id: string, settled: Settlement): CompletableFuture<void> => {
  const before = readSettled(storage.rows, id)
  if (before === undefined) {
    throw new UnknownHalfMessage(
      `no half message ${JSON.stringify(id)} waits; expected the id of one that was prepared`,
    )
  }
  if (before.settled === settled) return CompletableFuture.completed(undefined)
  throw new HalfMessageSettled(
    `half message ${JSON.stringify(id)} is to be ${settled}, but was ${before.settled} before: ` +
      (before.settled === 'rolledBack' ? 'its record is not in the log and will not be' : 'its record is in the log'),
  )
}
