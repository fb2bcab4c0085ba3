import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Committed, OffsetOutOfRange, type Snapshot, type Storage } from '@weir/core'
import { failsWith, readAll, rowText, unbounded } from './observe.ts'
import { key, row } from './parts.ts'
import { groupsUsed, partitionsUsed, plannedCommit, rowNames } from './plannedCommit.ts'
import type { StorageCase } from './StorageCase.ts'
import { type PlannedCommit, StorageModel, type Verdict } from './StorageModel.ts'

/** How many histories are tried, and from which seed. */
export interface ModelOptions {
  readonly seed: number
  readonly runs: number
  /** Whether histories may close and reopen the storage. */
  readonly reopens: boolean
}

/** Generated histories, compared step by step with a plain model. */
export const modelCases = ({ seed, runs, reopens }: ModelOptions): ReadonlyArray<StorageCase> => [
  {
    name: 'a storage answers as a plain model does, over generated histories of commits, reads, snapshots and reopening',
    run: async (_, { fresh }) => {
      const history = fc.asyncProperty(fc.commands(steps(reopens), { maxCommands: 25 }), async (commands) => {
        const open = await fresh()
        const real: Real = { storage: await open(), open, snapshots: [] }
        const model = new StorageModel()
        try {
          await fc.asyncModelRun(() => ({ model, real }), commands)
          await requireEqual(model, real.storage)
        } finally {
          for (const { snapshot } of real.snapshots) snapshot.close()
          await real.storage.close()
        }
      })
      await fc.assert(history, { seed, numRuns: runs })
    },
  },
]

interface Real {
  storage: Storage
  readonly open: () => Promise<Storage>
  readonly snapshots: Array<{ readonly snapshot: Snapshot; readonly model: StorageModel }>
}

/** A step of a history. Its text is what a failing history prints. */
class Step implements fc.AsyncCommand<StorageModel, Real> {
  readonly #text: string
  readonly #run: (model: StorageModel, real: Real) => Promise<void>

  constructor(text: string, run: (model: StorageModel, real: Real) => Promise<void>) {
    this.#text = text
    this.#run = run
  }

  check(): boolean {
    return true
  }

  run(model: StorageModel, real: Real): Promise<void> {
    return this.#run(model, real)
  }

  toString(): string {
    return this.#text
  }
}

const steps = (reopens: boolean): Array<fc.Arbitrary<Step>> => [
  fc.array(plannedCommit, { minLength: 1, maxLength: 4 }).map(commitStep),
  fc.record({ partition: fc.constantFrom(...partitionsUsed), from: fc.nat(20) }).map(readStep),
  fc
    .record({ partition: fc.constantFrom(...partitionsUsed), timestamp: fc.integer({ min: -1, max: 31 }) })
    .map(timeStep),
  fc
    .record({
      from: fc.constantFrom(...rowNames),
      until: fc.constantFrom(...rowNames),
      limit: fc.integer({ min: 1, max: 6 }),
      reverse: fc.boolean(),
    })
    .map(rangeStep),
  fc.constant(
    new Step('take a snapshot', async (model, real) => {
      real.snapshots.push({ snapshot: real.storage.snapshot(), model: model.copy() })
    }),
  ),
  fc.constant(
    new Step('compare and close the oldest snapshot', async (_, real) => {
      const held = real.snapshots.shift()
      if (held === undefined) return
      requireCut(held.model, held.snapshot)
      held.snapshot.close()
    }),
  ),
  ...(reopens ? [fc.constant(new Step('close and reopen', reopen))] : []),
]

const reopen = async (_: StorageModel, real: Real): Promise<void> => {
  for (const { snapshot } of real.snapshots.splice(0)) snapshot.close()
  await real.storage.close()
  real.storage = await real.open()
}

/** Commits that are all on their way at once. */
const commitStep = (plans: ReadonlyArray<PlannedCommit>): Step =>
  new Step(`commit ${JSON.stringify(plans)}`, async (model, { storage }) => {
    const expected = plans.map((plan) => {
      const { commit, verdict } = model.apply(plan)
      return { future: storage.commit(commit), verdict }
    })
    for (const { future, verdict } of expected) {
      const answer = await future.handle((committed, error) => ({ committed, error }))
      requireVerdict(verdict, answer.committed, answer.error)
    }
    requireCut(model, cutOf(storage))
  })

const readStep = ({ partition, from }: { readonly partition: number; readonly from: number }): Step =>
  new Step(`read partition ${partition} from ${from}`, async (model, { storage }) => {
    const position = Math.max(model.startOf(partition), Math.min(from, model.recordsOf(partition).length))
    if (position > from) await failsWith(storage.read(partition, from, unbounded), OffsetOutOfRange)
    const found = await readAll(storage, partition, position)
    const expected = model.recordsOf(partition).slice(position)
    assert.deepEqual(
      found.map(({ value, timestamp, id }) => ({ value, timestamp, id })),
      expected,
    )
    assert.deepEqual(
      found.map(({ offset }) => offset),
      expected.map((_, index) => position + index),
    )
  })

const timeStep = ({ partition, timestamp }: { readonly partition: number; readonly timestamp: number }): Step =>
  new Step(`find time ${timestamp} in partition ${partition}`, async (model, { storage }) => {
    const records = model.recordsOf(partition)
    const start = model.startOf(partition)
    const first = records.findIndex((record, offset) => offset >= start && record.timestamp >= timestamp)
    const expected = first === -1 ? records.length : first
    const found = await storage.offsetAt(partition, timestamp)
    // what was removed may still count
    if (start === 0) assert.equal(found, expected)
    else assert.ok(found >= start && found <= expected, `found ${found}; expected ${start} to ${expected}`)
  })

interface PlannedRange {
  readonly from: string
  readonly until: string
  readonly limit: number
  readonly reverse: boolean
}

const rangeStep = ({ from, until, limit, reverse }: PlannedRange): Step =>
  new Step(`range from '${from}' until '${until}', ${limit} rows, reverse ${reverse}`, async (model, { storage }) => {
    const names = Object.keys(model.rows)
      .filter((name) => name >= from && name < until)
      .sort()
    if (reverse) names.reverse()
    const expected = names.slice(0, limit).map((name) => row(name, model.rows[name]!))
    assert.deepEqual(storage.rows.range(key(from), key(until), { limit, reverse }), expected)
  })

const requireVerdict = (verdict: Verdict, committed: Committed | undefined, error: unknown): void => {
  if ('refusedWith' in verdict) {
    const tag = (error as { readonly _tag?: string } | undefined)?._tag ?? String(error)
    assert.ok(
      verdict.refusedWith.includes(tag),
      `a commit answered ${tag}; expected ${verdict.refusedWith.join(' or ')}`,
    )
    return
  }
  if (committed === undefined) throw error
  assert.equal(committed.appends.length, verdict.appends.length)
  committed.appends.forEach(({ baseOffset, duplicate, offsets }, at) => {
    const expected = verdict.appends[at]!
    assert.equal(duplicate, expected.duplicate)
    assert.deepEqual(offsets ?? expected.offsets.map((_, index) => baseOffset + index), expected.offsets)
  })
}

type Cut = Pick<Snapshot, 'get' | 'bounds' | 'position'>

const cutOf = (storage: Storage): Cut => ({
  get: (name) => storage.rows.get(name),
  bounds: (partition) => storage.bounds(partition),
  position: (group, partition) => storage.position(group, partition),
})

const requireCut = (model: StorageModel, cut: Cut): void => {
  for (const partition of partitionsUsed) {
    assert.deepEqual(cut.bounds(partition), {
      start: model.startOf(partition),
      end: model.recordsOf(partition).length,
    })
    for (const group of groupsUsed) assert.equal(cut.position(group, partition), model.positionOf(group, partition))
  }
  for (const name of rowNames) assert.equal(rowText(cut, name), model.rows[name])
}

const requireEqual = async (model: StorageModel, storage: Storage): Promise<void> => {
  requireCut(model, cutOf(storage))
  for (const partition of partitionsUsed) {
    const start = model.startOf(partition)
    const found = await readAll(storage, partition, start)
    assert.deepEqual(
      found.map(({ value, timestamp, id }) => ({ value, timestamp, id })),
      model.recordsOf(partition).slice(start),
    )
  }
}
