import { batchField, batchFlag, batchHeader, batchHeaderBytes, noSource, sparseFormatVersion } from './batchFormat.ts'
import { invariant } from './invariant.ts'

/** What takes the place of a batch of which only some records are kept. */
export interface SparseBatchParts {
  /** How many offsets it takes. */
  readonly count: number
  /** Where the kept records stand among them, in order; empty when none is kept. */
  readonly indexes: ReadonlyArray<number>
  /** A batch of the kept records, in order; none when none is kept. */
  readonly kept: Uint8Array | undefined
  /** The time that it says of itself when no record is kept, in ms since 1970. */
  readonly timestamp: number
}

/**
 * A batch that takes as many offsets as before, with only some of the records left: so compaction leaves no gaps.
 *
 * One without records has 68 bytes, whatever its count. It must be sealed.
 *
 * @throws InvariantViolated when the parts contradict each other
 */
export const sparseBatch = ({ count, indexes, kept, timestamp }: SparseBatchParts): Uint8Array<ArrayBuffer> => {
  const rest = kept?.subarray(batchHeaderBytes) ?? noBytes
  const indexesBytes = 4 + indexes.length * 4
  const bytes = new Uint8Array(batchHeaderBytes + indexesBytes + rest.length)
  if (kept !== undefined) bytes.set(kept.subarray(0, batchHeaderBytes))
  const view = batchHeader(bytes)
  const found = kept === undefined ? 0 : view.getUint32(batchField.count, true)
  invariant(
    found === indexes.length && count > 0,
    `a sparse batch of ${count} offsets has ${found} records and ${indexes.length} indexes`,
  )
  if (kept === undefined) {
    view.setUint32(batchField.source, noSource, true)
    view.setFloat64(batchField.baseTimestamp, timestamp, true)
    view.setFloat64(batchField.timestampMax, timestamp, true)
    view.setFloat64(batchField.runningTimestampMax, timestamp, true)
  }
  view.setUint8(batchField.formatVersion, sparseFormatVersion)
  view.setUint16(batchField.flags, view.getUint16(batchField.flags, true) | batchFlag.sparse, true)
  view.setUint32(batchField.count, count, true)
  view.setUint32(batchField.byteLength, bytes.length, true)
  view.setUint32(batchHeaderBytes, indexes.length, true)
  indexes.forEach((index, slot) => view.setUint32(batchHeaderBytes + 4 + slot * 4, index, true))
  bytes.set(rest, batchHeaderBytes + indexesBytes)
  return bytes
}

const noBytes = new Uint8Array(0)
