import fc from 'fast-check'
import { holds, recordsIn, wasWritten } from './parts.ts'
import type { Outside, SinkCase, TextWriter } from './SinkCase.ts'

/** What happens to the owners of a partition. */
type Step =
  | { readonly kind: 'write'; readonly owner: number; readonly count: number }
  | { readonly kind: 'flush' | 'crash' | 'close'; readonly owner: number }
  | { readonly kind: 'pass'; readonly ms: number }

const owners = 3

/** A writer, and the offset behind what it was given. */
interface Owner {
  readonly writer: TextWriter
  next: number
}

const owner = fc.nat(owners - 1)
const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('write' as const), owner, count: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'crash' as const, 'close' as const), owner }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 100_000 }) }) },
)

/** Generated histories of owners that crash, are replaced, and do not know it. */
export const historyCases = ({
  seed,
  runs,
}: {
  readonly seed: number
  readonly runs: number
}): ReadonlyArray<SinkCase> => [
  {
    name: 'whatever happens to several owners, each record is outside once, in order, up to the position',
    run: async (_, fresh) => {
      await fc.assert(
        fc.asyncProperty(fc.array(arbitraryStep, { minLength: 1, maxLength: 25 }), async (steps) => {
          await play(await fresh(), steps)
        }),
        { seed, numRuns: runs },
      )
    },
  },
]

const play = async (outside: Outside, steps: ReadonlyArray<Step>): Promise<void> => {
  const writers = Array.from<Owner | undefined>({ length: owners })
  const at = async (index: number): Promise<Owner> => {
    const open = writers[index]
    if (open !== undefined) return open
    const writer = await outside.open()
    const opened = { writer, next: writer.position ?? 0 }
    writers[index] = opened
    return opened
  }
  for (const step of steps) {
    if (step.kind === 'pass') {
      await outside.advance(step.ms)
      continue
    }
    const current = await at(step.owner)
    if (step.kind === 'crash') writers[step.owner] = undefined
    else if (step.kind === 'close') {
      writers[step.owner] = undefined
      await outside.close(current.writer)
    } else {
      const isOwner = await wasWritten(done(current, step.kind === 'write' ? step.count : 0))
      if (!isOwner) writers[step.owner] = undefined
    }
    // a writer that is fenced only at its next write still says what it knew
    const position = Math.max(0, ...writers.map((each) => each?.writer.position ?? 0))
    await holds(outside, recordsIn(0, Math.max(position, (await outside.rows()).length)))
  }
  const last = await outside.open()
  const from = last.position ?? 0
  await holds(outside, recordsIn(0, from))
  await last.write(recordsIn(from, from + 1), from + 1)
  await last.flush?.()
  await holds(outside, recordsIn(0, from + 1))
}

const done = async (current: Owner, count: number): Promise<void> => {
  const { writer } = current
  if (count === 0) return writer.flush?.().toPromise()
  const from = Math.max(current.next, writer.position ?? 0)
  current.next = from + count
  await writer.write(recordsIn(from, from + count), from + count)
}
