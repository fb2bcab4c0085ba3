/**
 * Every check of this workspace, one after the other: what `npm test`, `pnpm verify` and CI run.
 *
 * Each is a script of package.json and can be run alone. All run even when one fails. The end, which is all that some logs
 * show, names what has failed; the last line counts the tests, and each other check as one.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { failuresOf, lastLines, type TestReport } from './failures.ts'

const root = join(import.meta.dirname, '..')
const checks = ['types', 'lint', 'format:check', 'knip', 'test:unit', 'test:packages']
const checkMinutesMax = 40

const folder = mkdtempSync(join(tmpdir(), 'weir-verify-'))
const reportFile = join(folder, 'vitest.json')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]

/** The process group of the running check: one that hangs, or is interrupted, ends with all that it started. */
let runningGroup: number | undefined
const endRunning = (): void => {
  if (runningGroup !== undefined) process.kill(-runningGroup, 'SIGKILL')
}
process.on('SIGINT', () => process.exit(130))
process.on('SIGTERM', () => process.exit(143))
process.on('exit', () => {
  endRunning()
  rmSync(folder, { recursive: true })
})

interface Outcome {
  readonly ok: boolean
  /** The end of what it printed. */
  readonly tail: string
}

const tailChars = 20_000

/** The check prints through this process, which remembers the end of it. */
const runCheck = (check: string): Promise<Outcome> =>
  new Promise((resolve) => {
    const args = ['--silent', 'run', check, ...(check === 'test:unit' ? reporters : [])]
    const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? { FORCE_COLOR: '1' } : {}
    const env = { ...process.env, ...colour }
    const child = spawn('pnpm', args, { env, cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    runningGroup = child.pid
    let tail = ''
    const show = (text: string, to: NodeJS.WriteStream): void => {
      to.write(text)
      tail = (tail + text).slice(-tailChars)
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => show(text, process.stdout))
    child.stderr.setEncoding('utf8').on('data', (text: string) => show(text, process.stderr))
    const deadline = setTimeout(() => {
      show(`${check} is not done after ${checkMinutesMax} minutes\n`, process.stderr)
      endRunning()
    }, checkMinutesMax * 60_000)
    const end = (ok: boolean): void => {
      clearTimeout(deadline)
      runningGroup = undefined
      resolve({ ok, tail })
    }
    child.on('error', ({ message }) => {
      show(`pnpm cannot be run: ${message}\n`, process.stderr)
      end(false)
    })
    child.on('close', (code) => end(code === 0))
  })

const readReport = (): TestReport | undefined => {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8')) as TestReport
  } catch {
    return undefined
  }
}

interface Result {
  readonly passed: number
  readonly failed: number
  readonly failures: ReadonlyArray<string>
}

/** A check counts as one; of vitest each test does, with a failure at least when it has failed or ended without a report. */
const resultOf = (check: string, { ok, tail }: Outcome): Result => {
  const end = ok ? [] : [`${check}, at its end:\n    ${lastLines(tail).replaceAll('\n', '\n    ')}`]
  if (check !== 'test:unit') return { passed: ok ? 1 : 0, failed: ok ? 0 : 1, failures: end }
  const report = readReport()
  if (report === undefined) return { passed: 0, failed: 1, failures: end }
  const failures = failuresOf(report, root)
  return {
    passed: report.numPassedTests,
    failed: Math.max(report.numFailedTests, ok ? 0 : 1),
    failures: failures.length > 0 ? failures : end,
  }
}

const heading = (text: string): void => console.log(`\n── ${text} ${'─'.repeat(60 - text.length)}`)

let passed = 0
let failed = 0
const summary: string[] = []
const failures: string[] = []
for (const check of checks) {
  heading(check)
  const startedAt = performance.now()
  const outcome = await runCheck(check)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  summary.push(`${outcome.ok ? 'ok    ' : 'FAILED'} ${check.padEnd(14)} ${seconds.padStart(6)} s`)

  const result = resultOf(check, outcome)
  passed += result.passed
  failed += result.failed
  failures.push(...result.failures)
}

if (failures.length > 0) {
  heading('what failed')
  console.log(failures.join('\n\n'))
}
heading('summary')
console.log(`${summary.join('\n')}\n\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
