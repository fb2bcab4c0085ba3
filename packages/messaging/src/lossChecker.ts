import { type Headers } from '@weir/core'
import { optionNames, requireInteger, requireKnown } from '@weir/core/protocol'
import { checkSequence, sequenceFrom, type SequenceState } from './internal/SequenceState.ts'
import { stampOf } from './internal/stamp.ts'
import type { StampEnd } from './stampingProducer.ts'
import type { StreamFault } from './StreamFault.ts'

/** How much a checker remembers. */
export interface LossCheckerOptions {
  /**
   * How far records of one source and partition may be out of order, in records: one that is further behind than this is
   * reported as missing. 100 by default; 0 where a gap is a loss at once, as in the log itself, which keeps the order.
   */
  readonly reorderMax?: number
  /** How many sources, times partitions, are remembered; 10 000 by default. The ones longest not heard of are forgotten. */
  readonly sourcesMax?: number
}

const lossCheckerOptionNames = optionNames<LossCheckerOptions>({ reorderMax: true, sourcesMax: true })

/** Watches a stream of stamped records. */
export interface LossChecker {
  /**
   * Looks at the next record, in the order in which records arrive.
   *
   * @returns what it gives away: mostly nothing
   */
  observe(record: { readonly partition: number; readonly headers: Headers | null }): ReadonlyArray<StreamFault>
  /**
   * The stream has ended: everything that has not come is missing.
   *
   * @param ends - what the producers say they have sent, if it is known: without it losses at the very end are not seen
   */
  finish(ends?: ReadonlyArray<StampEnd>): ReadonlyArray<StreamFault>
  /** How many records had no stamp. */
  readonly unstampedCount: number
}

/**
 * Reports exactly which stamped records are missing, repeated or out of order, for any number of sources and partitions.
 *
 * Exactly means: each fault once, and nothing that is none, as long as records are at most `reorderMax` out of order and
 * the stream is watched from its beginning. Memory is bounded by `sourcesMax`, times about 16 bytes for each of at most
 * `reorderMax / 2` gaps. A source that was forgotten is taken up again from where it is then.
 *
 * @throws InvalidOption
 * @example
 * const checker = lossChecker({ reorderMax: 2 })
 * const come = (sequence: number) => checker.observe({ partition: 0, headers: { 'weir.stamp': `${sequence}:gate` } })
 * come(0) // => []
 * come(2) // => []
 * come(1) // => [{ kind: 'reordered', source: 'gate', partition: 0, sequence: 1 }]
 * come(2) // => [{ kind: 'repeated', source: 'gate', partition: 0, sequence: 2 }]
 * come(4) // => []
 * come(6) // => [{ kind: 'missing', source: 'gate', partition: 0, first: 3, last: 3 }]
 * checker.finish([{ source: 'gate', partition: 0, next: 8 }]).map((fault) => fault.kind === 'missing' ? fault.first : -1) // => [5, 7]
 */
export const lossChecker = (options: LossCheckerOptions = {}): LossChecker => {
  const { reorderMax = 100, sourcesMax = 10_000 } = options
  requireKnown('lossChecker', options, lossCheckerOptionNames)
  requireInteger('lossChecker: reorderMax', reorderMax, 0, 1_000_000)
  requireInteger('lossChecker: sourcesMax', sourcesMax, 1, 100_000_000)
  return new Checker(reorderMax, sourcesMax)
}

interface Watched {
  readonly source: string
  readonly partition: number
  state: SequenceState
}

class Checker implements LossChecker {
  readonly #reorderMax: number
  readonly #sourcesMax: number
  /** The one longest not heard of comes first. */
  readonly #watched = new Map<string, Watched>()
  #hasForgotten = false
  #unstamped = 0

  constructor(reorderMax: number, sourcesMax: number) {
    this.#reorderMax = reorderMax
    this.#sourcesMax = sourcesMax
  }

  get unstampedCount(): number {
    return this.#unstamped
  }

  observe({
    partition,
    headers,
  }: {
    readonly partition: number
    readonly headers: Headers | null
  }): ReadonlyArray<StreamFault> {
    const stamp = stampOf(headers)
    if (stamp === undefined) {
      this.#unstamped++
      return []
    }
    const faults: StreamFault[] = []
    const watched = this.#watch(stamp.source, partition, stamp.sequence, faults)
    const { state, kind, missing } = checkSequence(watched.state, stamp.sequence, this.#reorderMax)
    watched.state = state
    faults.push(...faultsOf(stamp.source, partition, stamp.sequence, kind, missing))
    return faults
  }

  finish(ends: ReadonlyArray<StampEnd> = []): ReadonlyArray<StreamFault> {
    const faults: StreamFault[] = []
    for (const { source, partition, next } of ends) {
      const watched = this.#watch(source, partition, next, faults)
      if (next > watched.state.next) {
        watched.state = { ...watched.state, next, gaps: [...watched.state.gaps, [watched.state.next, next - 1]] }
      }
    }
    for (const watched of this.#watched.values()) giveUp(watched, faults)
    this.#watched.clear()
    return faults
  }

  #watch(source: string, partition: number, sequence: number, faults: StreamFault[]): Watched {
    const name = `${partition}:${source}`
    let watched = this.#watched.get(name)
    if (watched === undefined) {
      watched = { source, partition, state: sequenceFrom(this.#hasForgotten ? sequence : 0) }
      if (this.#watched.size >= this.#sourcesMax) this.#forgetOne(faults)
    } else this.#watched.delete(name)
    this.#watched.set(name, watched)
    return watched
  }

  #forgetOne(faults: StreamFault[]): void {
    for (const [name, watched] of this.#watched) {
      giveUp(watched, faults)
      this.#watched.delete(name)
      this.#hasForgotten = true
      return
    }
  }
}

const giveUp = ({ source, partition, state }: Watched, faults: StreamFault[]): void => {
  for (const [first, last] of state.gaps) faults.push({ kind: 'missing', source, partition, first, last })
}

/** What a check has found, as it is reported. */
export const faultsOf = (
  source: string,
  partition: number,
  sequence: number,
  kind: 'next' | 'repeated' | 'reordered' | 'stale',
  missing: ReadonlyArray<readonly [first: number, last: number]>,
): ReadonlyArray<StreamFault> => {
  const faults: StreamFault[] = missing.map(([first, last]) => ({ kind: 'missing', source, partition, first, last }))
  if (kind !== 'next') faults.push({ kind, source, partition, sequence })
  return faults
}
