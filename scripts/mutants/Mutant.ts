/** A bug of one line, planted to see whether the tests catch it. */
export interface Mutant {
  /** What is wrong, in small letters and dashes. */
  readonly name: string
  /** Where it is planted, from the root. */
  readonly file: string
  /** What stands there: on one line, and exactly once in the file. */
  readonly text: string
  readonly replacement: string
  /** Test files, from the root, that must fail: all together, none of them by itself. */
  readonly caughtBy: ReadonlyArray<string>
}

/**
 * The source with the bug in it.
 *
 * @throws Error when the text is not there exactly once: the code has moved on, and the mutant must follow it
 */
export const plant = (source: string, { name, file, text, replacement }: Mutant): string => {
  const parts = source.split(text)
  if (parts.length === 2) return parts.join(replacement)
  throw new Error(`mutant '${name}': ${file} has its text ${parts.length - 1} times; expected once: ${text}`)
}
