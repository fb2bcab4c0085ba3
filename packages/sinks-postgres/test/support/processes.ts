import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, vi } from 'vitest'

const ends: Array<() => void> = []
// a test that fails leaves neither process nor folder behind
afterAll(() => ends.toReversed().forEach((end) => end()))

/** A new, empty folder of the test's own. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-postgres-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const spawned = (name: string, args: ReadonlyArray<string>): ChildProcess => {
  const file = fileURLToPath(new URL(`../fixtures/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  ends.push(() => child.kill('SIGKILL'))
  return child
}

const exitOf = async (child: ChildProcess): Promise<string> => {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return signal ?? String(code)
}

/** Runs `fixtures/<name>.ts` with this Node to its end: the signal that ended it, or its exit code as text. */
export const endOf = (name: string, args: ReadonlyArray<string>): Promise<string> => exitOf(spawned(name, args))

/** A process that has stopped itself. */
export interface Stopped {
  /** Lets it go on, and waits for its end. */
  readonly goOn: () => Promise<string>
}

/** Runs a fixture until it has stopped itself with SIGSTOP. */
export const stoppedAt = async (name: string, args: ReadonlyArray<string>): Promise<Stopped> => {
  const child = spawned(name, args)
  const exit = exitOf(child)
  const hasStopped = (): boolean => {
    const status = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
    return status.slice(status.lastIndexOf(')') + 2).startsWith('T')
  }
  await vi.waitUntil(hasStopped, { timeout: 60_000 })
  return {
    goOn: () => {
      child.kill('SIGCONT')
      return exit
    },
  }
}
