import { type ConsumedRecord, InvalidOption, type Job } from '@weir/core'
import type { Divergence } from './Committed.ts'
import { type FaultBounds, faultyHistories } from './histories.ts'
import type { LawHistory } from './LawHistory.ts'
import { type Law, lawOf } from './lawOf.ts'
import type { LawOutcome } from './runHistory.ts'
import { show } from './show.ts'
import { type Outcome, outcomesOf, requireTraces, traceOf, type TracedOptions } from './tracing.ts'

/** The relation of input and output, whose order counts, and what the law varies. */
export interface PreservesOrderOptions extends TracedOptions, FaultBounds {
  /** Whether the input records of each key keep their order, or those of each partition; `key` by default. */
  readonly per?: 'key' | 'partition'
}

/**
 * The law of order, as a fast-check property: in each partition of each output, and of what each sink was given, what comes of the
 * input records of one key (or one partition) lies in the order in which those came, whatever crashed on the way.
 *
 * What an output record comes of is told by the relation, see `knownBy`. A record may come to nothing, to several, or to
 * several times the same, as long as none comes after one of a later record: a sink that is at least once keeps the law
 * only without faults (`faultsMax: 0, workersMax: 1`), since it writes again what it wrote before a crash. Faults strike as in `isExactlyOnce`.
 *
 * @throws InvalidJob, InvalidOption
 * @example
 * import { int32, job, topic, utf8 } from '@weir/core'
 * import { filter, to } from '@weir/operators'
 * import fc from 'fast-check'
 *
 * const orders = topic('orders', { key: utf8, value: int32 })
 * const large = topic('large', { key: utf8, value: int32 })
 * const largeOnes = job('large-ones').from(orders).pipe(filter((number) => number > 9), to(large))
 *
 * const law = preservesOrder(largeOnes, {
 *   inputs: [inputTo(orders, arbitraryRecords({ key: arbitraryKey(3), value: fc.nat(1_000) }))],
 *   from: [knownBy(orders, ({ value }) => value)],
 *   to: [knownBy(large, ({ value }) => value)],
 * })
 * await assertLaw(law, { numRuns: 20 })
 */
export const preservesOrder = (job: Job, options: PreservesOrderOptions): Law<LawHistory> => {
  requireTraces('preservesOrder', job, options)
  const { per = 'key' } = options
  if (per !== 'key' && per !== 'partition') {
    throw new InvalidOption(`law over job '${job.name}': per is '${String(per)}'; expected 'key' or 'partition'`)
  }
  return lawOf(job, options, {
    name: 'preservesOrder',
    given: () => faultyHistories(options.inputs, options),
    judged: (history) => history,
    judge: (found) => firstOutOfOrder(found, { ...options, per }),
  })
}

type Scope = Required<Pick<PreservesOrderOptions, 'per'>>

/** Where an id lies in the input: the places of its records, in order, by scope. */
type Places = ReadonlyMap<string, ReadonlyMap<string, ReadonlyArray<number>>>

const firstOutOfOrder = ({ inputs, atEnd }: LawOutcome, options: TracedOptions & Scope): Divergence | undefined => {
  const inInput = placesOf(inputs.flat(), options)
  for (const [where, outcomes] of outcomesOf(atEnd, options.to)) {
    // by scope: how far the input was followed
    const reached = new Map<string, { readonly place: number; readonly outcome: Outcome }>()
    for (const outcome of outcomes) {
      const scopes = [...inInput.keys()].filter((scope) => inInput.get(scope)!.has(outcome.id))
      const followed = scopes.map((scope) => {
        const before = reached.get(scope)
        const place = inInput
          .get(scope)!
          .get(outcome.id)!
          .find((each) => before === undefined || each >= before.place)
        return { scope, before, place }
      })
      const [only] = followed
      if (followed.length > 0 && followed.every(({ place }) => place === undefined)) {
        return outOfOrder(where, outcome, only!.before!.outcome, only!.scope)
      }
      // what records of several keys are known by does not say how far any of them was followed
      if (followed.length === 1) reached.set(only!.scope, { place: only!.place!, outcome })
    }
  }
  return undefined
}

const outOfOrder = (where: string, outcome: Outcome, before: Outcome, scope: string): Divergence => ({
  text: [
    `${where}, ${outcome.at} is out of order: ${outcome.line}`,
    `  ${before.at}, before it, comes of a later record of ${scope}: ${before.line}`,
  ].join('\n'),
  record: outcome.record,
})

const placesOf = (
  inputs: ReadonlyArray<ConsumedRecord<unknown, unknown>>,
  { from, per }: TracedOptions & Scope,
): Places => {
  const places = new Map<string, Map<string, number[]>>()
  for (const record of inputs) {
    const id = traceOf(from, record)
    if (id === undefined) continue
    const { topic, partition, key, offset } = record
    const scope = per === 'key' ? `key ${show(key)} of topic '${topic}'` : `partition ${partition} of topic '${topic}'`
    const known = places.get(scope) ?? new Map<string, number[]>()
    places.set(scope, known)
    known.set(id, [...(known.get(id) ?? []), offset])
  }
  return places
}
