// The list of runs as a value, little-endian:
//
//   f64 the number of the next run, f64 the last run that is being merged (0: none)
//   u32 runs, for each f64 number and f64 bytes; u32 merged runs, for each f64 number
//   the stored key from which on rows are still to be merged

/** A run in the list. */
export interface ListedRun {
  readonly number: number
  /** What its blocks and its index take. */
  readonly bytes: number
}

/** Which runs there are, as of a transaction. */
export interface RunList {
  /** The number of the next one. Numbers grow, over all processes. */
  readonly next: number
  /** In the order in which they were made: a row of a later one counts. */
  readonly runs: ReadonlyArray<ListedRun>
  /** What is being merged into the tree: all rows of runs up to `through`, of which those before the key `from` are there. */
  readonly merging: { readonly through: number; readonly from: Uint8Array } | undefined
  /** Those of which all rows are in the tree, and which are to be removed. */
  readonly merged: ReadonlyArray<number>
}

/** The list of a folder that never had a run. */
export const noRuns: RunList = { next: 1, runs: [], merging: undefined, merged: [] }

/** A list as the value of its key. */
export const encodeRunList = ({ next, runs, merging, merged }: RunList): Uint8Array => {
  const from = merging?.from ?? nothing
  const bytes = new Uint8Array(24 + runs.length * 16 + merged.length * 8 + from.length)
  const view = new DataView(bytes.buffer)
  view.setFloat64(0, next, true)
  view.setFloat64(8, merging?.through ?? 0, true)
  view.setUint32(16, runs.length, true)
  let at = 20
  for (const run of runs) {
    view.setFloat64(at, run.number, true)
    view.setFloat64(at + 8, run.bytes, true)
    at += 16
  }
  view.setUint32(at, merged.length, true)
  at += 4
  for (const number of merged) {
    view.setFloat64(at, number, true)
    at += 8
  }
  bytes.set(from, at)
  return bytes
}

/** The list in a value; an empty one when there is none. */
export const decodeRunList = (bytes: Uint8Array | undefined): RunList => {
  if (bytes === undefined) return noRuns
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const runs: ListedRun[] = []
  let at = 20
  for (let nth = view.getUint32(16, true); nth > 0; nth--) {
    runs.push({ number: view.getFloat64(at, true), bytes: view.getFloat64(at + 8, true) })
    at += 16
  }
  const merged: number[] = []
  at += 4
  for (let nth = view.getUint32(at - 4, true); nth > 0; nth--) {
    merged.push(view.getFloat64(at, true))
    at += 8
  }
  const through = view.getFloat64(8, true)
  return {
    next: view.getFloat64(0, true),
    runs,
    merging: through === 0 ? undefined : { through, from: bytes.slice(at) },
    merged,
  }
}

const nothing = new Uint8Array(0)
