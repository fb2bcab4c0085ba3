import { unexpected } from '../codec/unexpected.ts'
import { CompletableFuture } from '../future/CompletableFuture.ts'
import { batchProducerId } from '../model/batchFormat.ts'
import { InvalidOption, SequenceGap } from '../model/errors.ts'
import { type Append, commitOf } from '../ports/Commit.ts'
import type { Storage } from '../ports/Storage.ts'

/** Appends batches of producers that may be there already, each once; see `Weir.resend`. */
export const resend = (storage: Storage, appends: ReadonlyArray<Append>): CompletableFuture<void> =>
  CompletableFuture.supply(() => {
    if (!Array.isArray(appends)) throw new InvalidOption(unexpected('resend: what to send', appends, unresolved))
    appends.forEach((each: Partial<Append> | null | undefined, nth) => {
      if (each?.batch instanceof Uint8Array && Number.isSafeInteger(each.partition)) return
      throw new InvalidOption(unexpected(`resend: ${nth} of what to send`, each, `a batch of ${unresolved}`))
    })
    const sequences = Map.groupBy(appends, sequenceOf)
    return CompletableFuture.allOf([...sequences.values()].map((batches) => resendInOrder(storage, batches, 0)))
  }).thenApply(() => undefined)

const unresolved = 'unresolved of a producer'

/** What numbers the batch: a producer numbers the records of each partition. */
const sequenceOf = ({ partition, batch }: Append): string => `${batchProducerId(batch)}/${partition}`

/**
 * The batches of one sequence, from `next` on. A storage remembers the last few batches of each producer and refuses the
 * older ones for their sequence: since all of them are in order, those that are refused before one is accepted are older.
 */
const resendInOrder = (
  storage: Storage,
  batches: ReadonlyArray<Append>,
  next: number,
  accepted = false,
): CompletableFuture<void> => {
  const append = batches[next]
  if (append === undefined) return CompletableFuture.completed(undefined)
  // the storage may change what it is given, and a repeat must be the same bytes: it gets a copy
  return storage
    .commit(commitOf({ append: [{ ...append, batch: append.batch.slice() }] }))
    .thenApply(() => true)
    .exceptionally((error) => {
      if (error instanceof SequenceGap && !accepted && next < batches.length - 1) return false
      throw error
    })
    .thenCompose((isThere) => resendInOrder(storage, batches, next + 1, accepted || isThere))
}
