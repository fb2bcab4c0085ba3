/** One result. `ratio` is value / baseline; without a baseline of the same run both are null. */
export interface Row {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly baseline: number | null
  readonly ratio: number | null
  /** In words, such as `at least 0.6 x`; null for a row that only informs. */
  readonly budget: string | null
  /** Whether the budget is kept; true without one. */
  readonly ok: boolean
}

/** What a benchmark is given. Each one runs in a process of its own. */
export interface Bench {
  /** Smaller counts: the whole run must end within 50 seconds. */
  readonly quick: boolean
  /** A path in a fresh folder on a real disk, removed at the end. Nothing is there yet. */
  readonly path: (name: string) => string
  /** Says what is going on, for the terminal. */
  readonly progress: (text: string) => void
}

/** Measures one subject, with its baseline. */
export type Benchmark = (bench: Bench) => Promise<ReadonlyArray<Row>>
