/**
 * Every check of this workspace, one after the other: what `npm test`, `pnpm verify` and CI run.
 *
 * Each is a script of package.json and can be run alone. All run even when one fails, and the last line counts them:
 * a check is one, and each test of vitest is one.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const checks = ['types', 'lint', 'format:check', 'knip', 'test:unit', 'test:packages'] as const

const folder = mkdtempSync(join(tmpdir(), 'weir-verify-'))
const reportFile = join(folder, 'vitest.json')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]

/** What vitest counted; one failure when it ended without a report. */
const testCounts = (): { passed: number; failed: number } => {
  try {
    const report = JSON.parse(readFileSync(reportFile, 'utf8')) as Record<'numPassedTests' | 'numFailedTests', number>
    return { passed: report.numPassedTests, failed: report.numFailedTests }
  } catch {
    return { passed: 0, failed: 1 }
  }
}

const results = checks.map((check) => {
  console.log(`\n── ${check} ${'─'.repeat(60 - check.length)}`)
  const startedAt = performance.now()
  const { status } = spawnSync('pnpm', ['--silent', 'run', check, ...(check === 'test:unit' ? reporters : [])], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return { check, ok: status === 0, seconds: (performance.now() - startedAt) / 1000 }
})

console.log(`\n── summary ${'─'.repeat(53)}`)
for (const { check, ok, seconds } of results) {
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${check.padEnd(14)} ${seconds.toFixed(1).padStart(6)} s`)
}

const tests = testCounts()
const failedChecks = results.filter(({ ok }) => !ok)
const passed = tests.passed + results.length - failedChecks.length
const failed = tests.failed + failedChecks.length
console.log(`\n${passed} passed, ${failed} failed`)

rmSync(folder, { recursive: true })
process.exitCode = failedChecks.length === 0 ? 0 : 1
