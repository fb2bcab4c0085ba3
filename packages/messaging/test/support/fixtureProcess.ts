import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const running = new Set<ChildProcess>()
// a test that fails leaves no process behind
afterAll(() => running.forEach((child) => child.kill('SIGKILL')))

/** Starts `fixtures/<name>.ts` with this Node, and waits until it says that it is ready. */
export const startFixture = async (name: string, args: ReadonlyArray<string>): Promise<ChildProcess> => {
  const file = fileURLToPath(new URL(`../fixtures/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  running.add(child)
  child.on('close', () => running.delete(child))
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') return child
  throw new Error(`${name} ended before it was ready: ${child.exitCode ?? child.signalCode}`)
}

/** Kills a process, at once and for sure. */
export const killed = async (child: ChildProcess): Promise<void> => {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}
