/**
 * The packages as a user gets them: built afresh, packed, checked by publint and attw, installed into an empty app,
 * and imported there by every path they export, in plain Node and by the compiler. There the template of a storage and a sink passes
 * its contracts, as somebody else's would.
 *
 * Needs no network once it has run with one.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly name: string
  readonly publishConfig: { readonly exports: Readonly<Record<string, unknown>> }
}

const root = join(import.meta.dirname, '..')
const app = mkdtempSync(join(tmpdir(), 'weir-packed-'))
const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** What the command prints; when it fails, that is shown and the whole check has failed. */
const run = (cwd: string, command: string, ...args: readonly string[]): string => {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (cause) {
    const { message, stdout, stderr } = cause as { message: string; stdout?: string; stderr?: string }
    console.error(stdout === undefined ? message : `${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
    process.exit(1)
  }
}
process.on('exit', () => rmSync(app, { recursive: true }))

for (const folder of folders) rmSync(join(folder, 'dist'), { recursive: true, force: true })
run(root, 'tsc', '-b', '--force', ...folders)

const tarballs: Record<string, string> = {}
const paths: string[] = []
for (const folder of folders) {
  const { name, publishConfig } = manifestOf(folder)
  const tarball = join(app, `${name.replace('/', '-')}.tgz`)
  run(folder, 'pnpm', 'pack', '--out', tarball)
  run(app, 'publint', 'run', tarball, '--strict')
  run(app, 'attw', tarball, '--profile', 'esm-only')
  tarballs[name] = `file:${tarball}`
  paths.push(...Object.keys(publishConfig.exports).map((path) => name + path.slice(1)))
}

// What the packages need of each other comes from the tarballs too, not from the registry.
const settings = { overrides: tarballs, allowBuilds: { lmdb: true, 'msgpackr-extract': false } }
const template = join(root, 'examples/storage-and-sink')
const dependencies = {
  ...tarballs,
  'fast-check': manifestOf(join(root, 'packages/testing')).dependencies['fast-check'],
  '@types/node': manifestOf(template).devDependencies['@types/node'],
}
writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies }))
writeFileSync(join(app, 'pnpm-workspace.yaml'), JSON.stringify(settings))
run(app, 'pnpm', 'install', '--prefer-offline')

writeFileSync(join(app, 'app.ts'), paths.map((path) => `import '${path}'\n`).join(''))
for (const file of ['mapStorage.ts', 'mapSink.ts']) copyFileSync(join(template, 'src', file), join(app, file))
const contracts = `
import { int } from '@weir/core'
import { virtualClock } from '@weir/testing'
import { clockContract, codecContract, sinkContract, storageContract } from '@weir/testing/contract'
import fc from 'fast-check'
import { keptAt, mapSink, type Outside } from './mapSink.ts'
import { mapStorage } from './mapStorage.ts'

const cases = [
  ...storageContract({ name: 'storage', provide: () => ({ provider: mapStorage() }) }),
  ...sinkContract({
    name: 'sink',
    provide: () => {
      const outside: Outside<string, string | null> = new Map()
      return { sink: mapSink('map', outside), rows: async (place) => keptAt(outside, place).rows }
    },
  }),
  ...codecContract({ codec: int, values: fc.maxSafeInteger(), compare: (left, right) => left - right }),
  ...clockContract({
    name: 'clock',
    provide: () => {
      const clock = virtualClock()
      return { clock, pass: (ms) => clock.advance(ms) }
    },
  }),
]
for (const { run } of cases) await run()
console.log(cases.length)
`
writeFileSync(join(app, 'contracts.ts'), contracts)
const compilerOptions = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
run(app, 'tsc', ...compilerOptions, '--allowImportingTsExtensions', 'app.ts', 'contracts.ts')
run(app, 'node', 'app.ts')
const caseCount = Number(run(app, 'node', 'contracts.ts'))
console.log(`Packed, installed and imported: ${paths.join(', ')}; ${caseCount} cases of contracts passed there`)
