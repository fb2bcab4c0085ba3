import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { TestReport } from '../failures.ts'

/** How a run of test files has ended. */
export type TestRun =
  | { readonly kind: 'passed' }
  /** By the first test that failed: its file, and its name. */
  | { readonly kind: 'caught'; readonly file: string; readonly test: string }
  /** No test has failed, and yet the run has: it proves nothing. */
  | { readonly kind: 'broken'; readonly output: string }
  | { readonly kind: 'hung' }

/**
 * Runs test files until the first test fails.
 *
 * @param folder - of the workspace; a report is left in it
 * @param msMax - so long may it take, and no longer
 */
export const runTests = async (folder: string, files: ReadonlyArray<string>, msMax: number): Promise<TestRun> => {
  const reportFile = join(folder, 'mutants-report.json')
  rmSync(reportFile, { force: true })
  const { code, output } = await runVitest(folder, [...files, ...vitestArgs, `--outputFile=${reportFile}`], msMax)
  if (code === undefined) return { kind: 'hung' }
  if (code === 0) return { kind: 'passed' }
  return firstFailure(reportFile, folder) ?? { kind: 'broken', output }
}

const vitestArgs = ['--bail=1', '--retry=0', '--reporter=json']

/** The exit code; none when it took too long. */
const runVitest = (
  folder: string,
  args: ReadonlyArray<string>,
  msMax: number,
): Promise<{ readonly code: number | undefined; readonly output: string }> =>
  new Promise((resolve, reject) => {
    const vitest = join(folder, 'node_modules', 'vitest', 'vitest.mjs')
    const child = spawn(process.execPath, [vitest, 'run', ...args], { cwd: folder, detached: true })
    let output = ''
    let isTooLong = false
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    // with all that the tests have started
    const end = (): void => void process.kill(-child.pid!, 'SIGKILL')
    const deadline = setTimeout(() => {
      isTooLong = true
      end()
    }, msMax)
    // before the folder goes that they are at work in
    process.prependListener('exit', end)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(deadline)
      process.off('exit', end)
      resolve({ code: isTooLong ? undefined : (code ?? 1), output })
    })
  })

const firstFailure = (reportFile: string, folder: string): TestRun | undefined => {
  if (!existsSync(reportFile)) return undefined
  const { testResults } = JSON.parse(readFileSync(reportFile, 'utf8')) as TestReport
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === 'failed')
    if (failed !== undefined) return { kind: 'caught', file: relative(folder, name), test: failed.fullName }
  }
  return undefined
}
