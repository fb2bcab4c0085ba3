/** A piece of code that documentation shows: an `@example` of a docstring, or a `ts` block of a page. */
export interface Example {
  /** The file that shows it, from the root of the workspace. */
  readonly file: string
  /** Where its code begins in that file, from 1. */
  readonly line: number
  readonly code: string
  /** What it can name without an import: value names by the module that exports them, also from the root. */
  readonly scope: ReadonlyMap<string, string>
}
