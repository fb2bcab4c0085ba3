import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A folder to plant bugs in. */
export interface WorkCopy {
  readonly folder: string
  /** The commit that it has, shortened. */
  readonly commit: string
  readonly remove: () => void
}

/**
 * Copies the last commit into a folder of its own, where it finds the installed packages of `root` and its own workspace.
 *
 * @throws Error when git or tar cannot do it
 */
export const copyOfHead = (root: string): WorkCopy => {
  const run = (command: string, args: ReadonlyArray<string>): string => {
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
    if (status === 0) return stdout.trim()
    throw new Error(`${command} ${args.join(' ')} has failed: ${error?.message ?? stderr}`)
  }
  const commit = run('git', ['rev-parse', '--short', 'HEAD'])
  const folder = mkdtempSync(join(tmpdir(), 'weir-mutants-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  // some tests look at it as another user
  chmodSync(folder, 0o755)
  try {
    run('sh', ['-c', 'git archive "$1" | tar -x -C "$2"', 'sh', commit, folder])
    copyLinks(root, folder)
    return { folder, commit, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** Links are copied as they are: those between packages then lead to the copy, those to the store of pnpm to the one there is. */
const copyLinks = (root: string, folder: string): void => {
  const modules = join(root, 'node_modules')
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(modules, '.pnpm'), join(folder, 'node_modules', '.pnpm'))
  const visible = readdirSync(modules).filter((name) => !name.startsWith('.'))
  const ofPackages = globSync('{packages,examples,bench,torture}/{,*/}node_modules', { cwd: root })
  for (const path of [...visible.map((name) => join('node_modules', name)), ...ofPackages]) {
    if (!existsSync(join(folder, dirname(path)))) continue
    cpSync(join(root, path), join(folder, path), { recursive: true, verbatimSymlinks: true })
  }
}
