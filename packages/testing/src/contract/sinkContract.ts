import { CompletableFuture, type SinkPlace } from '@weir/core'
import { fenceCases, repeatCases } from './sink/fenceCases.ts'
import { historyCases } from './sink/historyCases.ts'
import type { Outside, SinkCase, SinkRow, TextSink, TextWriter } from './sink/SinkCase.ts'
import { writeCases } from './sink/writeCases.ts'
import { virtualClock } from '../virtualClock.ts'
import type { ContractCase } from './storageContract.ts'

/** A sink under test, whose outside is empty. */
export interface ProvidedSink {
  /** Opened for several places, and several times for each. */
  readonly sink: TextSink
  /** What the outside holds of one partition, in the order in which it was written, as somebody else sees it. */
  readonly rows: (place: SinkPlace) => PromiseLike<ReadonlyArray<SinkRow>>
  /** Removes what the case left behind; called when all that it opened is closed. */
  readonly release?: () => void | PromiseLike<void>
}

/** What the suite needs to know of a sink. */
export interface SinkContractOptions {
  /** Leads the names of the cases. */
  readonly name: string
  /** A sink with a new, empty outside. */
  readonly provide: () => ProvidedSink | PromiseLike<ProvidedSink>
  /** What the sink promises; `exactly-once` by default. */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  /** The seed of the generated histories; a fixed one by default, so that runs repeat. */
  readonly seed?: number
  /** How many generated histories are played; 30 by default. */
  readonly historyRuns?: number
}

/**
 * What every `Sink` must do, as tests: positions, crashes (a writer that is never closed), replays, and owners that were
 * replaced and do not know it, also in generated histories.
 *
 * The crashes are those that a process survives: tests that kill processes are the sink's own affair.
 *
 * @example
 * import { memorySink } from '@weir/testing'
 * const cases = sinkContract({
 *   name: 'memory',
 *   provide: () => {
 *     const sink = memorySink<string, string | null>()
 *     return { sink, rows: async (place) => sink.records(place) }
 *   },
 * })
 * cases.length > 15 // => true
 */
export const sinkContract = (options: SinkContractOptions): ReadonlyArray<ContractCase> => {
  const { name, guarantee = 'exactly-once', seed = 1, historyRuns = 30 } = options
  const cases =
    guarantee === 'exactly-once'
      ? [...writeCases, ...fenceCases, ...historyCases({ seed, runs: historyRuns })]
      : repeatCases
  return cases.map((sinkCase) => ({
    name: `${name}: ${sinkCase.name}`,
    run: () => runCase(sinkCase, options.provide),
  }))
}

const runCase = async ({ run }: SinkCase, provide: SinkContractOptions['provide']): Promise<void> => {
  const ends: Array<() => Promise<void>> = []
  const fresh = async (): Promise<Outside> => {
    const provided = await provide()
    const { outside, end } = outsideOf(provided)
    ends.push(end)
    return outside
  }
  try {
    await run(await fresh(), fresh)
  } finally {
    for (const end of ends) await end()
  }
}

const outsideOf = ({ sink, rows, release }: ProvidedSink): { outside: Outside; end: () => Promise<void> } => {
  const clock = virtualClock()
  const ended = new CompletableFuture<void>()
  const placeOf = (place: Partial<SinkPlace> = {}): SinkPlace => ({
    job: 'job',
    topic: 'topic',
    partition: 0,
    log: 'first',
    clock,
    ended: ended.shield(),
    ...place,
  })
  const opened = new Set<TextWriter>()
  const outside: Outside = {
    open: async (place) => {
      const writer = await sink.open(placeOf(place))
      opened.add(writer)
      return writer
    },
    rows: async (place) => (await rows(placeOf(place))).map(({ key, value }) => ({ key, value })),
    advance: (ms) => clock.advance(ms),
    close: async (writer) => {
      opened.delete(writer)
      await writer.close()
    },
  }
  const end = async (): Promise<void> => {
    ended.complete(undefined)
    for (const writer of opened) await writer.close()
    await release?.()
  }
  return { outside, end }
}
