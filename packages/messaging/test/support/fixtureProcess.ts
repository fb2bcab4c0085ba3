import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const running = new Set<ChildProcess>()
// a test that fails leaves no process behind
afterAll(() => running.forEach((child) => child.kill('SIGKILL')))

const spawned = (name: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const file = fileURLToPath(new URL(`../fixtures/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  child.on('close', () => running.delete(child))
  return child
}

/** Runs a fixture to its end: the signal, or the exit code as text. */
export const died = async (
  name: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
): Promise<string> => {
  const child = spawned(name, args, env)
  child.stdout.resume()
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return signal ?? String(code)
}

/** Starts `fixtures/<name>.ts` with this Node, and waits until it says that it is ready. */
export const startFixture = async (name: string, args: ReadonlyArray<string>): Promise<ChildProcess> => {
  const child = spawned(name, args)
  for await (const line of createInterface({ input: child.stdout })) if (line === 'ready') return child
  throw new Error(`${name} ended before it was ready: ${child.exitCode ?? child.signalCode}`)
}

/** Kills a process, at once and for sure. */
export const killed = async (child: ChildProcess): Promise<void> => {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}
