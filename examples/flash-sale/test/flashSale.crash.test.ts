import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { doctor } from '@weir/storage-lmdb'
import { expect, onTestFinished, test } from 'vitest'
import { logIn } from '../src/folders.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

test('the books of a short sale are right, although its processes are killed', { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-flash-sale-'))
  const args = [main, '--seconds', '4', '--rate', '300', '--kills', '4', '--data', folder]
  const sale = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(sale, 'close')
  onTestFinished(async () => {
    sale.kill('SIGKILL')
    await ended
    // the processes of the shop end when that one is gone
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  })
  const output = await text(sale.stdout)
  const [code] = await ended
  expect(output).toMatch(/The books are right: .* while [1-4] processes were killed/)
  expect(output).toMatch(/│ accepted +│ +[1-9]/)
  expect(code).toBe(0)
  const report = await doctor(logIn(join(folder, 'sale')))
  expect(report.isHealthy, String(report)).toBe(true)
})
