/**
 * The packages as a user gets them: built afresh, packed, checked by publint and attw, installed into an empty app,
 * and imported there by every path they export, in plain Node and by the compiler.
 *
 * Needs no network once it has run with one.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Manifest {
  readonly name: string
  readonly publishConfig: { readonly exports: Readonly<Record<string, unknown>> }
}

const root = join(import.meta.dirname, '..')
const app = mkdtempSync(join(tmpdir(), 'weir-packed-'))
const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name))

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
  const { name, publishConfig } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const tarball = join(app, `${name.replace('/', '-')}.tgz`)
  run(folder, 'pnpm', 'pack', '--out', tarball)
  run(app, 'publint', 'run', tarball, '--strict')
  run(app, 'attw', tarball, '--profile', 'esm-only')
  tarballs[name] = `file:${tarball}`
  paths.push(...Object.keys(publishConfig.exports).map((path) => name + path.slice(1)))
}

// What the packages need of each other comes from the tarballs too, not from the registry.
const settings = { overrides: tarballs, allowBuilds: { lmdb: true, 'msgpackr-extract': false } }
writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module', dependencies: tarballs }))
writeFileSync(join(app, 'pnpm-workspace.yaml'), JSON.stringify(settings))
run(app, 'pnpm', 'install', '--prefer-offline')

writeFileSync(join(app, 'app.ts'), paths.map((path) => `import '${path}'\n`).join(''))
run(app, 'tsc', '--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', 'app.ts')
run(app, 'node', 'app.ts')
console.log(`Packed, installed and imported: ${paths.join(', ')}`)
