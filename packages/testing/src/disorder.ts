import { InvalidOption, type ProducerRecord } from '@weir/core'
import fc from 'fast-check'

/** How much of an input is not as it should be. */
export interface DisorderOptions {
  /** How many records further on a repeat, or a record that was moved, lies at most; 10 by default. */
  readonly distanceMax?: number
  /** How many records come again, or are moved, at most; 5 by default. */
  readonly countMax?: number
}

type Records<K, V> = ReadonlyArray<ProducerRecord<K, V>>

/**
 * The same records, of which some come again, as they do from a producer that is not sure: each repeat is what it was, and lies
 * behind the first one. At least one does, unless there are no records. Shrinks to fewer repeats that lie nearer, and as the
 * records do.
 *
 * @param records - such as `arbitraryRecords`
 * @throws InvalidOption
 * @example
 * import fc from 'fast-check'
 *
 * const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(9), countMin: 5, countMax: 5 })
 * const repeated = duplicated(records, { countMax: 1 })
 * fc.sample(repeated, 1).flat().length // => 6
 */
export const duplicated = <K, V>(
  records: fc.Arbitrary<Records<K, V>>,
  options: DisorderOptions = {},
): fc.Arbitrary<Records<K, V>> =>
  changed('duplicated', records, options, (all, changes) =>
    changes.reduce((before, { record, distance }) => {
      const at = record % before.length
      // behind one of itself, so that the order of those that come first stays
      return before.toSpliced(at + distance, 0, before[at]!)
    }, all),
  )

/**
 * The same records in another order, as from sources that overtake each other: some are moved further on, none is lost, and
 * each lies at most `distanceMax` records from its place. Their event times go with them. Shrinks to fewer moves over less,
 * and as the records do.
 *
 * @param records - such as `arbitraryRecords`
 * @throws InvalidOption
 * @example
 * import fc from 'fast-check'
 *
 * const records = arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(9), countMin: 5, countMax: 5 })
 * fc.sample(reordered(records, { distanceMax: 2 }), 1).flat().length // => 5
 */
export const reordered = <K, V>(
  records: fc.Arbitrary<Records<K, V>>,
  options: DisorderOptions = {},
): fc.Arbitrary<Records<K, V>> =>
  changed('reordered', records, options, (all, changes) => {
    const places = all.map((_, index) => index)
    for (const { record, distance } of changes) {
      const at = record % all.length
      // half a place further, so that it lies behind the one whose place it takes
      places[at] = Math.max(places[at]!, at + distance + 0.5)
    }
    return all
      .map((each, index) => ({ each, place: places[index]! }))
      .toSorted((left, right) => left.place - right.place)
      .map(({ each }) => each)
  })

/** A record, by chance, and how far. */
interface Change {
  readonly record: number
  readonly distance: number
}

const changed = <K, V>(
  name: string,
  records: fc.Arbitrary<Records<K, V>>,
  { distanceMax = 10, countMax = 5 }: DisorderOptions,
  change: (all: Records<K, V>, changes: ReadonlyArray<Change>) => Records<K, V>,
): fc.Arbitrary<Records<K, V>> => {
  for (const [option, given] of Object.entries({ distanceMax, countMax })) {
    if (Number.isSafeInteger(given) && given >= 1) continue
    throw new InvalidOption(`${name}: ${option} is ${given}; expected a whole number from 1 on`)
  }
  const changes = fc.array(fc.record({ record: fc.nat(999), distance: fc.integer({ min: 1, max: distanceMax }) }), {
    minLength: 1,
    maxLength: countMax,
    size: 'max',
  })
  return fc.tuple(records, changes).map(([all, some]) => (all.length === 0 ? all : change(all, some)))
}
