import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Example } from './Example.ts'
import { examplesOfMarkdown, examplesOfSource, exportedValues } from './extract.ts'
import { runExamples } from './runExamples.ts'

const root = join(import.meta.dirname, '../..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')
const find = (pattern: string): string[] => globSync(pattern, { cwd: root }).toSorted()

/** An example can name what its package exports by any of its paths, and what its own file exports. */
const examplesOfPackage = (manifest: string): Example[] => {
  const folder = dirname(manifest)
  const entries = Object.values((JSON.parse(read(manifest)) as { exports: Record<string, string> }).exports)
  const exported = entries.map((path) => join(folder, path)).flatMap((entry) => valuesOf(entry))
  return find(`${folder}/src/**/*.ts`).flatMap((file) =>
    examplesOfSource(file, read(file), new Map([...exported.toReversed(), ...valuesOf(file)])),
  )
}
const valuesOf = (file: string) => exportedValues(file, read(file)).map((name) => [name, file] as const)

const pages = ['README.md', 'packages/*/README.md', 'examples/*/README.md', 'docs/**/*.md'].flatMap(find)
const packages = find('packages/*/package.json').map(examplesOfPackage)
const blocks = pages.flatMap((file) => examplesOfMarkdown(file, read(file)).map((example) => [example]))
const groups = [...packages, ...blocks].filter((group) => group.length > 0)

describe('the documentation tells the truth', () => {
  let failures: ReadonlyMap<Example, string>
  beforeAll(async () => {
    failures = await runExamples(groups)
  }, 300_000)

  const examples = groups.flat().map((example) => [`${example.file}:${example.line}`, example] as const)
  test.each(examples)('%s', (_place, example) => {
    const failure = failures.get(example)
    if (failure !== undefined) expect.fail(failure)
  })
})
