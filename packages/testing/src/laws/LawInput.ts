import type { ProducerRecord, Topic } from '@weir/core'
import type fc from 'fast-check'

/** What a law feeds to one of a job's sources. */
export interface LawInput {
  readonly topic: Topic<unknown, unknown>
  readonly records: fc.Arbitrary<ReadonlyArray<ProducerRecord<unknown, unknown>>>
}

/**
 * Records for a source of the job under a law.
 *
 * @param records - one piece of input; see `arbitraryRecords`. A record without a timestamp gets 0, so that runs can be compared
 */
export const inputTo = <K, V>(
  topic: Topic<K, V>,
  records: fc.Arbitrary<ReadonlyArray<ProducerRecord<K, V>>>,
): LawInput => ({
  topic: topic as unknown as Topic<unknown, unknown>,
  records: records.map((all) => all.map((record) => ({ timestamp: 0, ...record }))),
})

/**
 * What must be equal of the records in a partition of an output.
 *
 * - `ordered`: all of them, in order.
 * - `byKey`: those of each key, in order.
 * - `unordered`: all of them, in any order.
 */
export type OutputOrder = 'ordered' | 'byKey' | 'unordered'

/** What the laws over jobs have in common. */
export interface LawOptions {
  /** At least one; a source that is left out stays empty. */
  readonly inputs: ReadonlyArray<LawInput>
  /**
   * `ordered` by default. After a `keyBy` the records of several source partitions meet in an order that no system can
   * repeat, so that a job which gives each of them on (instead of, say, a window's result) is `byKey` or `unordered` at best.
   */
  readonly order?: OutputOrder
  /** Whether the outputs' timestamps count; true by default. */
  readonly timestamps?: boolean
}
