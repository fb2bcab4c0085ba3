import fc from 'fast-check'
import type { PlannedAppend, PlannedCommit } from './StorageModel.ts'

/** Few of each, so that generated commits meet. */
export const partitionsUsed: ReadonlyArray<number> = [0, 1, 300]
/** The groups that planned commits move. */
export const groupsUsed: ReadonlyArray<string> = ['g', 'g1']
/** The rows that planned commits write. */
export const rowNames: ReadonlyArray<string> = ['a', 'aa', 'ab', 'b', 'c']

const mostly = fc.oneof({ arbitrary: fc.constant(true), weight: 7 }, { arbitrary: fc.constant(false), weight: 1 })
const partition = fc.constantFrom(...partitionsUsed)

const records = fc.array(
  fc.record({
    value: fc.string({ maxLength: 6 }),
    timestamp: fc.integer({ min: 0, max: 30 }),
    id: fc.option(fc.constantFrom('i', 'j', 'k', 'l', 'm'), { freq: 3 }),
  }),
  { minLength: 1, maxLength: 4 },
)

const plannedAppend: fc.Arbitrary<PlannedAppend> = fc.record({
  partition,
  records,
  scope: fc.constantFrom(undefined, 1, 2),
  producer: fc.constantFrom(undefined, 1, 2),
  batch: fc.oneof(
    { arbitrary: fc.constant('next' as const), weight: 6 },
    { arbitrary: fc.constant('again' as const), weight: 2 },
    { arbitrary: fc.constantFrom('gap' as const, 'newEpoch' as const, 'oldEpoch' as const), weight: 1 },
  ),
  room: fc.oneof({ arbitrary: fc.constant(undefined), weight: 5 }, { arbitrary: fc.nat(4), weight: 1 }),
})

/** Commits that mostly hold, with every reason for a refusal among them. */
export const plannedCommit: fc.Arbitrary<PlannedCommit> = fc.record({
  fence: fc.oneof(
    { arbitrary: fc.constantFrom('none' as const, 'right' as const), weight: 7 },
    { arbitrary: fc.constant('wrong' as const), weight: 1 },
  ),
  takeOver: fc.boolean(),
  expect: fc.array(fc.record({ name: fc.constantFrom(...rowNames), right: mostly }), { maxLength: 2 }),
  appends: fc.array(plannedAppend, { maxLength: 3 }),
  positions: fc.uniqueArray(
    fc.record({ group: fc.constantFrom(...groupsUsed), partition, right: mostly, next: fc.nat(9) }),
    { maxLength: 2, selector: (change) => `${change.group}/${change.partition}` },
  ),
  rows: fc.array(fc.record({ name: fc.constantFrom(...rowNames), value: fc.option(fc.string({ maxLength: 4 })) }), {
    maxLength: 3,
  }),
  trims: fc.oneof(
    { arbitrary: fc.constant([]), weight: 2 },
    {
      arbitrary: fc.array(fc.record({ partition, before: fc.nat(8), scope: fc.constantFrom(undefined, 1, 2) }), {
        maxLength: 2,
      }),
      weight: 1,
    },
  ),
})
