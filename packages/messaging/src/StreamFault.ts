import { type Codec, jsonUnchecked } from '@weir/core'

/**
 * What is wrong with the records that a source has sent to a partition, by their sequence numbers from 0 on.
 *
 * - `missing`: all from `first` to `last`, and none of them came while the window lasted.
 * - `repeated`: it was there before.
 * - `reordered`: it came after one with a larger number, and is not missing.
 * - `stale`: it came so late, behind a loss, that it is not known any more whether it is a repeat, or was reported as missing.
 */
export type StreamFault =
  | {
      readonly kind: 'missing'
      readonly source: string
      readonly partition: number
      readonly first: number
      readonly last: number
    }
  | {
      readonly kind: 'repeated' | 'reordered' | 'stale'
      readonly source: string
      readonly partition: number
      readonly sequence: number
    }

/** For topics of faults, as JSON. */
export const streamFaults: Codec<StreamFault> = jsonUnchecked<StreamFault>()
