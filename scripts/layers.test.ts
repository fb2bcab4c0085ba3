import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { coreEntries, coreLayers, packageLayers } from './layers.ts'

type Planted = readonly [file: string, code: string, rule: string]

const root = join(import.meta.dirname, '..')
const importing = (path: string): string => `import { x } from '${path}'\nexport const y = x\n`

/** Each file of this table holds one import that points the wrong way. */
const wrongImports: ReadonlyArray<readonly [file: string, path: string]> = [
  ['packages/core/src/model/a.ts', '../codec/json.ts'],
  ['packages/core/src/model/b.ts', 'fp-ts/lib/Either'],
  ['packages/core/src/codec/a.ts', '../future/allOf.ts'],
  ['packages/core/src/future/internal/a.ts', '../../codec/json.ts'],
  ['packages/core/src/ports/a.ts', '../log/Topic.ts'],
  ['packages/core/src/log/a.ts', '../job/Job.ts'],
  ['packages/core/src/job/a.ts', '../runtime/Weir.ts'],
  ['packages/core/src/runtime/a.ts', '../index.ts'],
  ['packages/core/src/runtime/f.ts', '../storage.ts'],
  ['packages/core/src/runtime/b.ts', '@weir/operators'],
  ['packages/core/src/runtime/c.ts', '../../../operators/src/map.ts'],
  ['packages/core/src/runtime/d.ts', 'lmdb'],
  ['packages/core/src/runtime/e.ts', 'node:fs'],
  ['packages/core/src/index.ts', 'fs'],
  ['packages/core/test/a.test.ts', 'lmdb'],
  ['packages/core/test/b.test.ts', 'fp-ts/Either'],
  ['packages/messaging/src/a.ts', '@weir/operators'],
  ['packages/messaging/src/b.ts', '@weir/workers'],
  ['packages/messaging/src/c.ts', '../../core/src/index.ts'],
  ['packages/messaging/src/d.ts', 'lmdb'],
  ['packages/messaging/src/e.ts', 'node:crypto'],
  ['packages/operators/src/a.ts', '@weir/storage-lmdb'],
  ['packages/operators/src/b.ts', '@weir/testing/contract'],
  ['packages/operators/src/c.ts', 'node:timers/promises'],
  ['packages/sinks-file/src/a.ts', '@weir/operators'],
  ['packages/sinks-postgres/src/a.ts', '@weir/sinks-sqlite'],
  ['packages/sinks-sqlite/src/a.ts', '@weir/storage-lmdb'],
  ['packages/storage-lmdb/src/a.ts', '@weir/operators'],
  ['packages/storage-lmdb/src/b.ts', '../../core/src/index.ts'],
  ['packages/testing/src/a.ts', '@weir/storage-lmdb'],
  ['packages/testing/src/b.ts', 'lmdb'],
  ['packages/workers/src/a.ts', '@weir/testing'],
  ['packages/workers/src/b.ts', '@weir/messaging'],
  ['packages/workers/src/c.ts', '../../core/src/index.ts'],
  ['packages/workers/src/d.ts', 'lmdb'],
  ['examples/flights/src/a.ts', 'fp-ts'],
]

const wrongCode: readonly Planted[] = [
  ['packages/core/src/model/c.ts', `export { x } from '../codec/json.ts'`, 'eslint(no-restricted-imports)'],
  ['packages/core/src/model/d.ts', `export type { X } from '../codec/json.ts'`, 'eslint(no-restricted-imports)'],
  ['packages/operators/src/d.ts', `export default 1`, 'import(no-default-export)'],
  ['packages/operators/src/e.ts', `export const x = 1 // TODO: two`, 'eslint(no-warning-comments)'],
  ['packages/operators/src/f.ts', `export const x = () => [${'\n0,'.repeat(70)}\n]`, 'eslint(max-lines-per-function)'],
  ['packages/operators/src/g.ts', `export let x = 1${'\nx += 1'.repeat(400)}`, 'eslint(max-lines)'],
  ['packages/operators/test/c.test.ts', `const x = async () => 1\nx()`, 'typescript(no-floating-promises)'],
]

const rightImports: ReadonlyArray<readonly [file: string, path: string]> = [
  ['packages/core/src/codec/right.ts', '../model/errors.ts'],
  ['packages/core/src/runtime/right.ts', '../job/Job.ts'],
  ['packages/core/src/runtime/right2.ts', './internal/Task.ts'],
  ['packages/core/src/runtime/right3.ts', 'fp-ts/lib/Either.js'],
  ['packages/core/test/right.test.ts', '../src/index.ts'],
  ['packages/core/test/right2.test.ts', '@weir/testing'],
  ['packages/messaging/src/right.ts', '@weir/core'],
  ['packages/messaging/test/right.test.ts', '@weir/testing'],
  ['packages/operators/src/right.ts', '@weir/core'],
  ['packages/sinks-postgres/src/right.ts', 'pg'],
  ['packages/sinks-sqlite/src/right.ts', 'node:sqlite'],
  ['packages/storage-lmdb/src/right.ts', 'lmdb'],
  ['packages/storage-lmdb/src/right2.ts', 'node:fs'],
  ['packages/storage-lmdb/test/right.test.ts', 'lmdb'],
  ['packages/testing/src/right.ts', 'node:fs'],
  ['packages/workers/src/right.ts', '@weir/core'],
  ['packages/workers/src/right2.ts', 'node:worker_threads'],
  ['bench/src/right.ts', 'lmdb'],
]

describe('the lint', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-layers-'))
  const findings = new Map<string, string[]>()
  const plant = (file: string, code: string): void => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), code)
  }

  beforeAll(() => {
    plant('oxlint.config.ts', `export { default } from '${join(root, 'oxlint.config.ts')}'\n`)
    for (const [file, path] of [...wrongImports, ...rightImports]) plant(file, importing(path))
    for (const [file, code] of wrongCode) plant(file, code)
    const lint = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['--type-aware', '--format', 'json'], {
      cwd: folder,
      encoding: 'utf8',
    })
    const report = JSON.parse(lint.stdout) as { diagnostics: Array<{ filename: string; code: string }> }
    for (const { filename, code } of report.diagnostics)
      findings.set(filename, [...(findings.get(filename) ?? []), code])
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test.each(wrongImports)('refuses in %s the import of %s', (file) => {
    expect(findings.get(file)).toEqual(['eslint(no-restricted-imports)'])
  })
  test.each(wrongCode)('refuses %s', (file, _code, rule) => {
    expect(findings.get(file)).toEqual([rule])
  })
  test.each(rightImports)('accepts in %s the import of %s', (file) => {
    expect(findings.get(file)).toBeUndefined()
  })
})

describe('the table', () => {
  const entriesOf = (path: string) => readdirSync(join(root, path), { withFileTypes: true })
  const foldersIn = (path: string): string[] =>
    entriesOf(path).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))

  test.each([
    ['packages', packageLayers],
    ['packages/core/src', coreLayers],
  ])('names every folder in %s, and points only upwards', (path, layers) => {
    const names = Object.keys(layers)
    expect(names.toSorted()).toEqual(foldersIn(path).toSorted())
    for (const [index, below] of Object.values(layers).entries()) {
      expect(names.slice(0, index)).toEqual(expect.arrayContaining([...below]))
    }
  })

  test('names every file beside the layers of core', () => {
    const files = entriesOf('packages/core/src').flatMap((entry) => (entry.isFile() ? [entry.name] : []))
    expect(coreEntries).toEqual(files.filter((name) => !name.endsWith('.d.ts')).toSorted())
  })
})
