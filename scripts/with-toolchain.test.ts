import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const start = (...args: readonly string[]): ChildProcess => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'with-toolchain.mjs'), ...args])
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const exitCode = async (child: ChildProcess): Promise<number> => ((await once(child, 'close')) as [number])[0]

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('ends its command when it is killed itself, and says so: %s', async (signal, code) => {
  const child = start('node', '-e', `console.log(process.pid); setInterval(() => {}, 1000)`)
  const [pid] = (await once(child.stdout!, 'data')) as [Buffer]
  child.kill(signal)
  expect(await exitCode(child)).toBe(code)
  expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
})

test.skipIf(process.platform === 'win32')('ends its command also when it is killed with SIGKILL', async () => {
  const child = start('node', '-e', `console.log('ready'); setInterval(() => {}, 1000)`)
  await once(child.stdout!, 'data')
  child.kill('SIGKILL')
  // the command has its output open as long as it lives
  await once(child, 'close')
})

test('gives the exit code of its command', async () => {
  expect(await exitCode(start('node', '-e', 'process.exit(3)'))).toBe(3)
})

test.each([['--what'], ['']])('shows its usage for what is no command: %j', async (arg) => {
  const child = start(arg)
  let said = ''
  child.stderr!.on('data', (text) => (said += text))
  expect(await exitCode(child)).toBe(2)
  expect(said).toContain(`'${arg}' is no command.\n\nnode scripts/with-toolchain.mjs [command`)
})
