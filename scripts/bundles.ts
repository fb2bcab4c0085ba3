/**
 * Weir in a few files instead of five hundred, for the processes and threads that tests start: to find, open and strip that many
 * was most of what a start costs. Node loads a bundle wherever it would load the module that the bundle is of, so fixtures,
 * threads and workers are started by their own names, and the tests themselves run on the sources.
 */
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type OutputChunk, type Plugin, rolldown } from 'rolldown'
import type { TestProject } from 'vitest/node'

const root = join(import.meta.dirname, '..')
const cache = join(root, 'node_modules/.cache/bundles')
const unusedMsMax = 24 * 3_600_000

/** What is started, and what is imported by its URL or by the name of its package. */
const modules = [
  'packages/*/src/index.ts',
  'packages/core/src/{doctor,protocol,storage}.ts',
  'packages/core/src/future/monad.ts',
  'packages/testing/src/contract/index.ts',
  'packages/storage-lmdb/src/writer/thread.ts',
  'packages/workers/src/internal/entry.ts',
  'packages/*/test/fixtures/*.ts',
  'torture/src/processes/*.ts',
]

/** Others' packages of many files, without state or native code. What else is imported stays where it is. */
const bundledPackages = /\/node_modules\/(?:rxjs|fp-ts)\//

/** Modules say where their sources are, and find there what they start or open; packages are found from there as well. */
const inPlace: Plugin = {
  name: 'in-place',
  resolveId: {
    order: 'pre',
    async handler(specifier, importer, options) {
      const found = await this.resolve(specifier, importer, { ...options, skipSelf: true })
      if (found === null || !found.id.includes('/node_modules/') || bundledPackages.test(found.id)) return found
      return { id: pathToFileURL(found.id).href, external: true }
    },
  },
  transform: {
    filter: { code: 'import.meta.url' },
    handler: (code, id) => code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href)),
  },
}

/** Bundles the sources as they are, or as plugins make them; gives the option with which Node loads the bundles. */
export const bundle = async (plugins: ReadonlyArray<Plugin> = []): Promise<string> => {
  const sources = modules.flatMap((pattern) => globSync(pattern, { cwd: root })).sort()
  const bundler = await rolldown({
    cwd: root,
    input: Object.fromEntries(sources.map((source) => [source.replace(/\.ts$/, ''), join(root, source)])),
    platform: 'node',
    resolve: { conditionNames: ['node', 'import'] },
    plugins: [...plugins, inPlace],
  })
  const names = { entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' }
  const { output } = await bundler.generate({ format: 'esm', ...names })
  await bundler.close()
  const chunks = output.filter((file) => file.type === 'chunk')
  const hash = createHash('sha256')
  for (const { fileName, code } of chunks) hash.update(`${fileName}\n${code}\n`)
  const folder = join(cache, hash.digest('hex').slice(0, 16))
  if (!existsSync(folder)) write(folder, chunks)
  removeUnused(folder)
  return `--import=${pathToFileURL(join(folder, hookFile)).href}`
}

const hookFile = 'hook.mjs'

/** At once: others may run the same tests. */
const write = (folder: string, chunks: ReadonlyArray<OutputChunk>): void => {
  mkdirSync(cache, { recursive: true })
  const draft = mkdtempSync(join(cache, 'draft-'))
  // some tests start processes as another user
  chmodSync(draft, 0o755)
  for (const { fileName, code } of chunks) {
    mkdirSync(dirname(join(draft, fileName)), { recursive: true })
    writeFileSync(join(draft, fileName), code)
  }
  writeFileSync(join(draft, hookFile), hookOf(folder, chunks))
  try {
    renameSync(draft, folder)
  } catch (error) {
    rmSync(draft, { recursive: true })
    if (!existsSync(folder)) throw error
  }
}

const hookOf = (folder: string, chunks: ReadonlyArray<OutputChunk>): string => {
  const urls = chunks
    .filter(({ isEntry }) => isEntry)
    .map(({ facadeModuleId, fileName }) =>
      [facadeModuleId!, join(folder, fileName)].map((file) => pathToFileURL(file).href),
    )
  return `import { registerHooks } from 'node:module'
const bundles = new Map(${JSON.stringify(urls, null, 2)})
registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context)
    const url = bundles.get(found.url)
    return url === undefined ? found : { ...found, url, format: 'module' }
  },
})
`
}

/** Those of code that has changed since. */
const removeUnused = (used: string): void => {
  utimesSync(used, new Date(), new Date())
  for (const name of readdirSync(cache)) {
    const folder = join(cache, name)
    if (statSync(folder).mtimeMs < Date.now() - unusedMsMax) rmSync(folder, { recursive: true, force: true })
  }
}

/** The options of Node with which what it starts loads the bundles, or the sources where a module of them is broken. */
const optionsOfNode = async (others: string): Promise<string> => {
  try {
    return `${others} ${await bundle()}`.trim()
  } catch (error) {
    console.warn(`processes of the tests start from the sources, which takes longer: ${String(error)}`)
    return others
  }
}

/**
 * Before the tests, and again when they are watched and something has changed. With `WEIR_BUNDLES=off` what they start loads the sources:
 * that takes longer, and the stack of a process that failed names them.
 */
export const setup = async (project: TestProject): Promise<void> => {
  if (process.env['WEIR_BUNDLES'] === 'off') return
  const others = process.env['NODE_OPTIONS'] ?? ''
  const provide = async (): Promise<void> => {
    process.env['NODE_OPTIONS'] = await optionsOfNode(others)
  }
  await provide()
  project.onTestsRerun(provide)
}
