import { type Codec, InvalidOption } from '@weir/core'
import type fc from 'fast-check'
import { formCases } from './codec/formCases.ts'
import { foreignCases } from './codec/foreignCases.ts'
import { ownershipCases } from './codec/ownershipCases.ts'
import { valueCases } from './codec/valueCases.ts'
import type { ContractCase } from './storageContract.ts'

/** What the suite needs to know of a codec. */
export interface CodecContractOptions<A> {
  readonly codec: Codec<A>
  /** Values of the type, edges among them. Null is left out where the codec is `nullable`: it never sees one. */
  readonly values: fc.Arbitrary<A>
  /** The order of the values, as `Array.sort` takes it: needed by a codec that says it is `ordered`, and by no other. */
  readonly compare?: (left: A, right: A) => number
  /** The seed of what is generated; a fixed one by default, so that runs repeat. */
  readonly seed?: number
  /** How many values, and how many bytes that may be none, each case tries; 200 by default. */
  readonly runs?: number
}

/**
 * What every `Codec` must do, as tests: values come back, equal ones are equal bytes, no bytes make it throw, nobody writes to
 * what was handed out, and what it says of itself (`text`, `ordered`, `width`) is so.
 *
 * A failure is the smallest value that shows it, as fast-check prints it.
 *
 * @throws InvalidOption for a codec that is `ordered` without `compare`, and for one that is not with it
 * @example
 * import { int } from '@weir/core'
 * import fc from 'fast-check'
 * const cases = codecContract({ codec: int, values: fc.maxSafeInteger(), compare: (left, right) => left - right })
 * // with vitest: test(name, run)
 * for (const { run } of cases) await run()
 * cases.length > 8 // => true
 */
export const codecContract = <A>(options: CodecContractOptions<A>): ReadonlyArray<ContractCase> => {
  const { codec, values, compare, seed = 1, runs = 200 } = options
  requireCompare(codec, compare !== undefined)
  const subject = {
    codec,
    values: codec.nullable === true ? values.filter((value) => value !== null) : values,
    compare,
    bounds: { seed, numRuns: runs },
  }
  return [...valueCases(subject), ...ownershipCases(subject), ...foreignCases(subject), ...formCases(subject)].map(
    ({ name, run }) => ({ name: `${codec.name}: ${name}`, run: async () => run() }),
  )
}

const requireCompare = <A>({ name, ordered }: Codec<A>, isGiven: boolean): void => {
  if (ordered === true && !isGiven) {
    throw new InvalidOption(`codecContract() was given ${name}, which is ordered, without compare; expected the order`)
  }
  if (ordered !== true && isGiven) {
    throw new InvalidOption(`codecContract() was given compare for ${name}, which is not ordered; expected none`)
  }
}
