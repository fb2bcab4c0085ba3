import { relative } from 'node:path'

/** As much of vitest's JSON report as is needed to say what has failed. */
export interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly status: string
    /** Why the file failed by itself, before its tests or beside them. */
    readonly message?: string
    readonly assertionResults: ReadonlyArray<{
      readonly fullName: string
      readonly status: string
      readonly failureMessages?: ReadonlyArray<string>
    }>
  }>
}

const messageLines = 6

/**
 * What has failed: each test with its full name, its file and the first lines of its message, and each file that failed by
 * itself, for instance because it could not be imported.
 *
 * @param root - files are named relative to it
 */
export const failuresOf = ({ testResults }: TestReport, root: string): string[] =>
  testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name)
    const failed = assertionResults.filter((test) => test.status === 'failed')
    if (failed.length > 0) return failed.map((test) => entryOf(`${test.fullName}\n${file}`, test.failureMessages?.[0]))
    return status === 'failed' ? [entryOf(file, message)] : []
  })

const entryOf = (what: string, message = ''): string => indented(`${what}\n${firstLines(message)}`.trimEnd())

const indented = (text: string): string => text.replaceAll('\n', '\n    ')

/** Without the stack, which the output of the check has. */
const firstLines = (message: string): string => {
  const lines = plain(message).split('\n')
  const stack = lines.findIndex((line) => /^\s+at /.test(line))
  return lines.slice(0, stack === -1 ? messageLines : Math.min(stack, messageLines)).join('\n')
}

// oxlint-disable-next-line no-control-regex
const plain = (text: string): string => text.replaceAll(/\u001b\[[\d;]*m/g, '')

/** The last lines of what a check printed, without colours and empty lines. */
export const lastLines = (output: string, count = 12): string =>
  plain(output)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n')
