import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

const ends: Array<() => void> = []
// a test that fails leaves neither process nor folder behind
afterAll(() => ends.toReversed().forEach((end) => end()))

/** A new, empty folder of the test's own. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-postgres-'))
  ends.push(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs `fixtures/<name>.ts` with this Node to its end: the signal that ended it, or its exit code as text. */
export const endOf = async (name: string, args: ReadonlyArray<string>): Promise<string> => {
  const file = fileURLToPath(new URL(`../fixtures/${name}.ts`, import.meta.url))
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  ends.push(() => child.kill('SIGKILL'))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return signal ?? String(code)
}
