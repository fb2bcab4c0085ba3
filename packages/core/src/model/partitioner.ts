import { jumpHash } from './jumpHash.ts'
import { murmur2, murmur2OfText } from './murmur2.ts'

/**
 * Which partition a record goes to, as a function of its key alone and, for records without one, of how many there were.
 *
 * @param key - as it will be stored: bytes, or text that is UTF-8 there
 * @param partitions - at least 1
 * @param nth - how many records the caller gave to the partitioner before this one
 * @returns a whole number from 0 to `partitions - 1`
 */
export type Partitioner = (key: Uint8Array | string | null, partitions: number, nth: number) => number

/** Records without a key stay this long with one partition, so that batches are not torn into single records. */
const recordsPerTurn = 32

/**
 * Kafka's partitioner, bit for bit: `toPositive(murmur2(key)) % partitions`, so that records of both lie in the same partitions.
 * Records without a key go round in turns of 32 (Kafka's sticky partitioner, with a fixed turn).
 *
 * @example
 * murmur2Partitioner('foobar', 8, 0) // => 6
 */
export const murmur2Partitioner: Partitioner = (key, partitions, nth) =>
  key === null ? inTurns(partitions, nth) : (hashOf(key) & 0x7fff_ffff) % partitions

/**
 * Consistent hashing (see `jumpHash`) over murmur2: when a topic is made again with n + 1 partitions instead of n,
 * only 1/(n + 1) of the keys move. Records without a key go round as in `murmur2Partitioner`.
 *
 * @example
 * consistentHashPartitioner('foobar', 1, 0) // => 0
 */
export const consistentHashPartitioner: Partitioner = (key, partitions, nth) =>
  key === null ? inTurns(partitions, nth) : jumpHash(hashOf(key) >>> 0, partitions)

/** One record to each partition in turn, whatever its key: an even spread, and no order by key. */
export const roundRobinPartitioner: Partitioner = (_key, partitions, nth) => nth % partitions

const hashOf = (key: Uint8Array | string): number => (typeof key === 'string' ? murmur2OfText(key) : murmur2(key))

const inTurns = (partitions: number, nth: number): number => Math.floor(nth / recordsPerTurn) % partitions
