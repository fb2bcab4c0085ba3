import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Example } from './Example.ts'
import { examplesOfMarkdown, examplesOfSource } from './extract.ts'
import { runExamples } from './runExamples.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const docstring = (...lines: string[]): string =>
  ['/**', ' * What it does.', ' *', ' * @example', ...lines.map((line) => ` * ${line}`), ' * @param a - a', ' */'].join(
    '\n',
  )

describe('an example fails', () => {
  const failing: ReadonlyArray<readonly [what: string, lines: readonly string[], failure: string | RegExp]> = [
    ['when a value is another', ['const a = 1', 'a + 1 // => 3'], 'Error: 0.ts:6: given 2, expected 3'],
    [
      'when an awaited value is another',
      ['(await Promise.resolve([1])).length // => 2'],
      'Error: 1.ts:5: given 1, expected 2',
    ],
    [
      'when an object differs in one property',
      ['({ a: 1 }) // => { a: 1, b: 2 }'],
      /given \{ a: 1 \}, expected \{ a: 1, b: 2 \}/,
    ],
    ['when it throws', [`throw new TypeError('no')`], 'TypeError: no'],
    ['when it never ends', ['await new Promise(() => {})'], 'not done within 5000 ms'],
    ['when it ends the process', ['process.exit(0)'], 'ended the process, or did not end'],
    ['when it is no code', ['const = 1'], /SyntaxError/],
    ['when its value cannot be checked', ['const a = 1 // => 1'], /^7\.ts:5: what stands before/],
    ['when its value is inside a function', ['[1].map((a) => {', '  a // => 2', '})'], /^8\.ts:6: what stands before/],
    ['when it names what it does not have', ['murmur2("")'], /murmur2 is not defined/],
  ]
  let failures: ReadonlyMap<Example, string>
  const examples = failing.map(([, lines], index) => examplesOfSource(`${index}.ts`, docstring(...lines)))
  beforeAll(async () => {
    failures = await runExamples(examples, 5_000)
  })

  test.each(failing.map(([what, , failure], index) => [what, failure, examples[index]?.[0]] as const))(
    '%s',
    (_what, failure, example) => {
      expect(failures.get(example!)).toMatch(failure)
    },
  )
})

test('an example fails when it runs but does not compile', async () => {
  const examples = examplesOfSource('a.ts', docstring('const a = 1', `const b: string = a`))
  expect([...(await runExamples([examples])).values()]).toEqual([expect.stringMatching(/^line 6: TS2322/)])
})

test('an example passes with statements, imports, names in scope and values that are equal in depth', async () => {
  const scope = new Map([['seconds', 'packages/core/src/model/duration.ts']])
  const text = docstring(
    `import { utf8 } from '@weir/core'`,
    'const bytes = utf8.encode("ab")',
    '[...bytes] // => [97, 98]',
    'seconds(2) // => 2_000',
    '[',
    '  utf8.name,',
    `] // => ['utf8']`,
  )
  const examples = examplesOfSource('a.ts', text, scope)
  expect(examples).toHaveLength(1)
  expect(await runExamples([examples])).toEqual(new Map())
})

test('blocks of a page run alone, unless they continue the one before or are not run', async () => {
  const page = [
    ['```ts', 'const a: number = 1', '```'],
    ['```ts continues', 'a // => 2', '```'],
    ['```ts', 'const a = 3', 'a // => 3', '```'],
    ['```ts no-run', 'nothing.here()', '```'],
    ['```sh', 'npm start', '```'],
  ]
  const examples = examplesOfMarkdown('page.md', page.map((block) => block.join('\n')).join('\n\ntext\n\n'))
  expect(examples.map(({ line }) => line)).toEqual([2, 14])
  const failures = await runExamples(examples.map((example) => [example]))
  expect([...failures.values()]).toEqual(['Error: page.md:8: given 1, expected 2'])
  expect(() => examplesOfMarkdown('page.md', '```ts norun\n```')).toThrow(`page.md:1: unknown block 'ts norun'`)
})
