/** What is remembered of a source's records in a partition. Plain data. */
export interface SequenceState {
  /** One more than the largest number seen. */
  readonly next: number
  /** Numbers below it that have not come yet: ranges from and to, in order. */
  readonly gaps: ReadonlyArray<readonly [first: number, last: number]>
  /** The largest number that was given up, or that nothing is known of; -1 for none. */
  readonly givenUpTo: number
}

/** What a record's number says. */
export interface SequenceCheck {
  readonly state: SequenceState
  readonly kind: 'next' | 'repeated' | 'reordered' | 'stale'
  /** Ranges that are given up. */
  readonly missing: ReadonlyArray<readonly [first: number, last: number]>
}

/** Nothing has come yet, and all from `next` on is expected. */
export const sequenceFrom = (next: number): SequenceState => ({ next, gaps: [], givenUpTo: next - 1 })

const none: readonly never[] = []

/**
 * The state after one more number. A gap is given up when it lies wholly more than `reorderMax` behind the largest number, so
 * there are never more than about half as many gaps.
 */
export const checkSequence = (state: SequenceState, sequence: number, reorderMax: number): SequenceCheck => {
  if (sequence === state.next && state.gaps.length === 0) {
    return { state: { ...state, next: sequence + 1 }, kind: 'next', missing: none }
  }
  if (sequence < state.next) return checkEarlier(state, sequence, reorderMax)
  const gaps = sequence > state.next ? [...state.gaps, [state.next, sequence - 1] as const] : state.gaps
  return giveUp({ ...state, next: sequence + 1, gaps }, 'next', reorderMax)
}

const checkEarlier = (state: SequenceState, sequence: number, reorderMax: number): SequenceCheck => {
  const { gaps } = state
  const index = gaps.findIndex(([first, last]) => first <= sequence && sequence <= last)
  if (index === -1) {
    return { state, kind: sequence <= state.givenUpTo ? 'stale' : 'repeated', missing: none }
  }
  const [first, last] = gaps[index]!
  const rest = [[first, sequence - 1] as const, [sequence + 1, last] as const].filter(([from, to]) => from <= to)
  return giveUp({ ...state, gaps: gaps.toSpliced(index, 1, ...rest) }, 'reordered', reorderMax)
}

/** Without the gaps that lie too far behind. */
const giveUp = (state: SequenceState, kind: SequenceCheck['kind'], reorderMax: number): SequenceCheck => {
  const { next, gaps } = state
  const firstKept = gaps.findIndex(([, last]) => last >= next - reorderMax)
  const kept = firstKept === -1 ? none : gaps.slice(firstKept)
  const missing = gaps.slice(0, gaps.length - kept.length)
  const givenUpTo = missing.at(-1)?.[1] ?? state.givenUpTo
  return { state: { next, gaps: kept, givenUpTo }, kind, missing }
}
