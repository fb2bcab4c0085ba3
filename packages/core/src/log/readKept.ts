import type { CompletableFuture } from '../future/CompletableFuture.ts'
import { OffsetOutOfRange } from '../model/errors.ts'
import type { ReadBounds, ReadResult, Storage } from '../ports/Storage.ts'

/** What was found from a position on, or from the start when that lies above it. */
export interface KeptRead extends ReadResult {
  /** Where it was read from: above the position asked for when retention has removed what was there. */
  readonly from: number
}

/**
 * Reads as `Storage.read` does, but goes on at the partition's start when the position lies below it: whoever calls counts
 * what was lost, `from` minus `position`.
 *
 * @throws OffsetOutOfRange when the position lies beyond the end; CorruptBatch, StorageFailed
 */
export const readKept = (
  storage: Pick<Storage, 'read' | 'bounds'>,
  partition: number,
  position: number,
  bounds: ReadBounds,
): CompletableFuture<KeptRead> =>
  storage
    .read(partition, position, bounds)
    .thenApply(({ batches, end }): KeptRead => ({ batches, end, from: position }))
    .exceptionallyCompose((error) => {
      const { start } = storage.bounds(partition)
      if (!(error instanceof OffsetOutOfRange) || position >= start) throw error
      return readKept(storage, partition, start, bounds)
    })
