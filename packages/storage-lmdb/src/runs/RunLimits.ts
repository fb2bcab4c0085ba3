/** When rows of a commit become a sorted run, and when runs are merged into the tree. */
export interface RunLimits {
  /** A commit of fewer rows puts them where they belong at once; a run of fewer takes in what comes after it. */
  readonly rowsMin: number
  /** So do all commits while the tree has fewer pages: then many rows share one. */
  readonly pagesMin: number
  /** With so much in runs they are merged. */
  readonly bytesMax: number
  /** With so many runs they are merged: a look for a row asks each. */
  readonly countMax: number
  /** When no commit has made a run for so long, whatever there is is merged. */
  readonly restMs: number
  /** At most so many rows are merged in one transaction: it bounds how long others wait for the gate. */
  readonly mergedRowsMax: number
  /** And so many bytes, but always one row. */
  readonly mergedBytesMax: number
}

/** As users have them. */
export const runLimits: RunLimits = {
  rowsMin: 1_024,
  pagesMin: 4_096,
  bytesMax: 64 << 20,
  countMax: 256,
  restMs: 1_000,
  mergedRowsMax: 8_192,
  mergedBytesMax: 8 << 20,
}
