import { fork, type ForkOptions, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import type { Example } from './Example.ts'
import { toModule } from './toModule.ts'

const root = join(import.meta.dirname, '../..')

/**
 * Runs examples in plain Node, those of each group in one process and one fresh folder, and compiles them all.
 *
 * @param deadlineMs - how long each may take
 * @returns what is wrong with each example that fails: its place, the given and the expected, or what was thrown
 */
export const runExamples = async (
  groups: ReadonlyArray<readonly Example[]>,
  deadlineMs = 20_000,
): Promise<Map<Example, string>> => {
  // Inside the workspace, where examples find the packages as an app does.
  mkdirSync(join(root, '.data'), { recursive: true })
  const folder = mkdtempSync(join(root, '.data', 'examples-'))
  const failures = new Map<Example, string>()
  try {
    const written = groups.map((group) => writeModules(folder, group, failures))
    const examples = new Map(written.flatMap((modules) => [...modules]))
    for (const modules of written) {
      const failed = await runModules([...modules.keys()], deadlineMs)
      for (const [module, failure] of failed) failures.set(examples.get(module)!, failure)
    }
    for (const [module, failure] of compile(folder)) {
      const example = examples.get(module)
      if (example !== undefined && !failures.has(example)) failures.set(example, failure)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  return failures
}

/** The modules by their paths. What cannot be made a module has failed already. */
const writeModules = (
  folder: string,
  group: readonly Example[],
  failures: Map<Example, string>,
): Map<string, Example> => {
  const modules = new Map<string, Example>()
  for (const example of group) {
    const module = join(folder, `${example.file}.${example.line}.ts`)
    try {
      const code = toModule(example, (path) => relative(dirname(module), join(root, path)))
      mkdirSync(dirname(module), { recursive: true })
      writeFileSync(module, code)
      modules.set(module, example)
    } catch (error) {
      failures.set(example, (error as Error).message)
    }
  }
  return modules
}

const runModules = (modules: readonly string[], deadlineMs: number): Promise<Map<string, string>> =>
  new Promise((resolve) => {
    const cwd = mkdtempSync(join(tmpdir(), 'weir-examples-'))
    const failed = new Map(modules.map((module) => [module, 'ended the process, or did not end']))
    const options: ForkOptions = { cwd, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], timeout: deadlineMs * 5 }
    const child = fork(join(import.meta.dirname, 'runner.ts'), [String(deadlineMs), ...modules], options)
    child.on('message', ({ module, failure }: { module: string; failure?: string }) => {
      if (failure === undefined) failed.delete(module)
      else failed.set(module, failure)
    })
    child.on('close', () => {
      rmSync(cwd, { recursive: true })
      resolve(failed)
    })
  })

/** What the compiler says of each module, first things first. */
const compile = (folder: string): Map<string, string> => {
  const compilerOptions = { noUnusedLocals: false, types: ['node'] }
  const settings = { extends: join(root, 'tsconfig.dev.json'), compilerOptions, include: ['.'], references: [] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { stdout, status } = spawnSync(tsc, ['-p', '.', '--pretty', 'false'], { cwd: folder, encoding: 'utf8' })
  const errors = [...stdout.matchAll(/^(.*)\((\d+),\d+\): error (.*)$/gm)]
  if (status !== 0 && errors.length === 0) throw new Error(`tsc failed: ${stdout}`)
  return new Map(errors.reverse().map(([, file = '', line, text]) => [join(folder, file), `line ${line}: ${text}`]))
}
