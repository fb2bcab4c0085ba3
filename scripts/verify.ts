/**
 * Every check of this workspace, one after the other: what `npm test`, `pnpm verify` and CI run.
 *
 * Each is a script of package.json and can be run alone. All run even when one fails. The last line counts the tests,
 * and each other check as one.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const checks = ['types', 'lint', 'format:check', 'knip', 'test:unit', 'test:packages']
const checkMinutesMax = 10

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

const passes = (check: string): Promise<boolean> =>
  new Promise((resolve) => {
    const args = ['--silent', 'run', check, ...(check === 'test:unit' ? reporters : [])]
    const child = spawn('pnpm', args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true })
    runningGroup = child.pid
    const deadline = setTimeout(() => {
      console.error(`${check} is not done after ${checkMinutesMax} minutes`)
      endRunning()
    }, checkMinutesMax * 60_000)
    child.on('close', (code) => {
      clearTimeout(deadline)
      runningGroup = undefined
      resolve(code === 0)
    })
  })

/** What vitest counted; a failure at least when it has failed, or has ended without a report. */
const testCounts = (ok: boolean): { passed: number; failed: number } => {
  try {
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Record<'numPassedTests' | 'numFailedTests', number>
    return { passed: report.numPassedTests, failed: Math.max(report.numFailedTests, ok ? 0 : 1) }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

const heading = (text: string): void => console.log(`\n── ${text} ${'─'.repeat(60 - text.length)}`)

let passed = 0
let failed = 0
const summary: string[] = []
for (const check of checks) {
  heading(check)
  const startedAt = performance.now()
  const ok = await passes(check)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  summary.push(`${ok ? 'ok    ' : 'FAILED'} ${check.padEnd(14)} ${seconds.padStart(6)} s`)

  const counts = check === 'test:unit' ? testCounts(ok) : { passed: ok ? 1 : 0, failed: ok ? 0 : 1 }
  passed += counts.passed
  failed += counts.failed
}

heading('summary')
console.log(`${summary.join('\n')}\n\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
