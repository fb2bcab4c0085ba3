import fc from 'fast-check'
import { arbitraryPicks, arbitraryPlannedFaults, type FaultCounts } from '../arbitraryFaults.ts'
import { calm, type LawHistory, type LawRecords, type LawStep, type Slowness } from './LawHistory.ts'
import type { LawInput } from './LawInput.ts'

/** What a law with faults varies. */
export interface FaultBounds extends FaultCounts {
  /** How many workers share the job at most; 2 by default. */
  readonly workersMax?: number
}

/** Which calls are slow, and how often. */
const arbitrarySlowness: fc.Arbitrary<Slowness> = fc.record({
  chance: fc.constantFrom(0, 0.3, 1),
  of: fc.constantFrom('commit', 'read'),
  seed: fc.nat(999),
})

/** Some input, appended in a few pieces. */
export const arbitraryAppends = (inputs: ReadonlyArray<LawInput>): fc.Arbitrary<ReadonlyArray<LawStep>> =>
  fc.array(appendStep(inputs), { minLength: 1, maxLength: 5, size: 'max' })

const appendStep = (inputs: ReadonlyArray<LawInput>): fc.Arbitrary<LawStep> =>
  fc.oneof(
    ...inputs.map(({ records }, input) =>
      fc.record({ kind: fc.constant('append' as const), input: fc.constant(input), records, settles: fc.boolean() }),
    ),
  )

const hourMs = 3_600_000

const clockStep: fc.Arbitrary<LawStep> = fc.record({
  kind: fc.constant('clock' as const),
  byMs: fc.constantFrom(hourMs, -hourMs),
})

/** Many batches, each with a commit of its own or not. */
const smallBatches = fc.record(
  { batchRecordsMax: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(4_096)), commitIntervalMs: fc.constant(0) },
  { requiredKeys: ['batchRecordsMax'] },
)

/** Input in a few pieces, and everything that may go wrong on the way. */
export const faultyHistories = (
  inputs: ReadonlyArray<LawInput>,
  { workersMax = 2, ...counts }: FaultBounds,
): fc.Arbitrary<LawHistory> => {
  const step = fc.oneof({ arbitrary: appendStep(inputs), weight: 9 }, { arbitrary: clockStep, weight: 1 })
  const history = fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 5, size: 'max' }),
    run: smallBatches,
    workers: fc.integer({ min: 1, max: workersMax }),
    slowness: arbitrarySlowness,
    picks: arbitraryPicks(),
    faults: arbitraryPlannedFaults(counts),
    restMs: fc.constant(0),
  })
  return history.map((each) => ({ ...each, restMs: hourMs * each.steps.filter(({ kind }) => kind === 'clock').length }))
}

/** The same history with nothing that disturbs it: one worker, no fault, no jump of the clock. */
export const undisturbed = ({ steps, restMs }: LawHistory): LawHistory => ({
  ...calm,
  restMs,
  steps: steps.filter(({ kind }) => kind === 'append'),
})

/** Other options of a run, which change nothing of what it computes. */
export const optionHistories = (inputs: ReadonlyArray<LawInput>, workersMax: number): fc.Arbitrary<LawHistory> =>
  fc.record({
    steps: arbitraryAppends(inputs),
    workers: fc.integer({ min: 1, max: workersMax }),
    run: fc.record({
      batchRecordsMax: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(4_096)),
      commitIntervalMs: fc.constantFrom(0, 100),
      inFlightCommitsMax: fc.integer({ min: 1, max: 4 }),
      cacheEntriesMax: fc.oneof(fc.nat(3), fc.constant(100_000)),
    }),
    faults: fc.constant([]),
    restMs: fc.constant(0),
    slowness: arbitrarySlowness,
    picks: arbitraryPicks(),
  })

/** Members come, go and are killed between the pieces of the input. */
export const rescalingHistories = (inputs: ReadonlyArray<LawInput>, workersMax: number): fc.Arbitrary<LawHistory> => {
  const change: fc.Arbitrary<LawStep> = fc.record({
    kind: fc.constantFrom('join', 'leave', 'kill'),
    worker: fc.nat(workersMax - 1),
    settles: fc.boolean(),
  })
  return fc.record({
    steps: fc.array(fc.oneof(appendStep(inputs), change), { minLength: 2, maxLength: 10, size: 'max' }),
    workers: fc.integer({ min: 1, max: workersMax }),
    run: smallBatches,
    faults: fc.constant([]),
    restMs: fc.constant(0),
    slowness: arbitrarySlowness,
    picks: arbitraryPicks(),
  })
}

/** The same records, appended in other pieces. */
export interface Cut {
  /** By input. */
  readonly records: ReadonlyArray<LawRecords>
  /** By input: how many records each append takes, in turn and from the start again. */
  readonly cuts: ReadonlyArray<ReadonlyArray<number>>
  /** Whether the job settles after each append. */
  readonly settles: boolean
  readonly batchRecordsMax: number
}

/** Records, and how they are cut. */
export const arbitraryCut = (inputs: ReadonlyArray<LawInput>): fc.Arbitrary<Cut> =>
  fc.record({
    records: fc.tuple(...inputs.map((input) => input.records)),
    cuts: fc.tuple(...inputs.map(() => fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }))),
    settles: fc.boolean(),
    batchRecordsMax: fc.integer({ min: 1, max: 9 }),
  })

/** All records of an input at once, one input after the other. */
export const inOnePiece = ({ records }: Cut): LawHistory => ({
  ...calm,
  steps: records.map((all, input): LawStep => ({ kind: 'append', input, records: all, settles: false })),
})

/** The pieces of all inputs, one of each in turn, so that sources meet in different ways. */
export const inPieces = ({ records, cuts, settles, batchRecordsMax }: Cut): LawHistory => {
  const pieces = records.map((all, input) => cutInto(all, cuts[input]!))
  const rounds = Math.max(0, ...pieces.map((ofInput) => ofInput.length))
  const steps = Array.from({ length: rounds }, (_, round) => round).flatMap((round) =>
    pieces.flatMap((ofInput, input): ReadonlyArray<LawStep> => {
      const piece = ofInput[round]
      return piece === undefined ? [] : [{ kind: 'append', input, records: piece, settles }]
    }),
  )
  return { ...calm, steps, run: { batchRecordsMax } }
}

const cutInto = <A>(all: ReadonlyArray<A>, sizes: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<A>> => {
  const pieces: Array<ReadonlyArray<A>> = []
  for (let from = 0; from < all.length; from += pieces.at(-1)!.length) {
    pieces.push(all.slice(from, from + sizes[pieces.length % sizes.length]!))
  }
  return pieces
}
