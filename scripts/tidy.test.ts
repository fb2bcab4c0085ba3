import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as core from '@weir/core'
import { describe, expect, test } from 'vitest'
import * as errors from '../packages/core/src/model/errors.ts'
import { untidy } from './tidy.ts'

const root = join(import.meta.dirname, '..')

test('every source file has a telling name, named exports, and a docstring on each', () => {
  const files = globSync('packages/*/src/**/*.ts', { cwd: root, exclude: (name) => name.endsWith('.d.ts') })
  expect(files.toSorted().flatMap((file) => untidy(file, readFileSync(join(root, file), 'utf8')))).toEqual([])
})

describe('an error class', () => {
  const isErrorClass = (value: unknown): value is new (message: string) => core.WeirError =>
    typeof value === 'function' && value.prototype instanceof core.WeirError
  const exported = Object.entries(core).filter(([, value]) => isErrorClass(value))

  test.each(exported)('%s has its name as its tag', (name, value) => {
    const error = isErrorClass(value) ? new value('message') : undefined
    expect(error?._tag).toBe(name)
    expect(error?.name).toBe(name)
  })
  test('is exported from core when it is one of its errors', () => {
    const own = Object.values(errors).filter(isErrorClass)
    expect(own.length).toBeGreaterThan(20)
    expect(exported.map(([, value]) => value)).toEqual(expect.arrayContaining(own))
  })
})

describe('untidy', () => {
  const untidyCode: ReadonlyArray<readonly [code: string, finding: string]> = [
    [`export * from './b.ts'`, 'src/a.ts:1: a bare export *; name what is exported'],
    ['/** x */\nexport const x = 1\nexport const y = 2', 'src/a.ts:3: y has no docstring'],
    ['// y\nexport const y = 2', 'src/a.ts:2: y has no docstring'],
    ['const z = 1\nexport { z }', 'src/a.ts:1: z has no docstring'],
    ['export type T = 1', 'src/a.ts:1: T has no docstring'],
    ['export interface T {}', 'src/a.ts:1: T has no docstring'],
    ['export class T {}', 'src/a.ts:1: T has no docstring'],
    ['const ageMaxMs = 1', 'src/a.ts:1: ageMaxMs has its bound before the unit'],
    ['export function f() {}', 'src/a.ts:1: f has no docstring'],
  ]
  test.each(untidyCode)('finds fault with %j', (code, finding) => {
    expect(untidy('src/a.ts', code)).toEqual([finding])
  })
  test.each(['utils.ts', 'src/helpers/a.ts', 'StoreManager.ts', 'common/a.ts', 'planV2.ts'])('refuses %s', (file) => {
    expect(untidy(file, '')).toEqual([`${file}: the name says nothing`])
  })
  test.each([
    `export { a } from './a.ts'\nexport * as b from './b.ts'`,
    '/** x */\nexport const x = 1',
    '/** z */\nconst z = 1\nexport { z }',
    '/** f */\nexport function f(a: 1): 1\nexport function f(a: 2): 2\nexport function f(a: number) { return a }',
    'const hidden = 1',
    'const ageMsMax = 1',
  ])('accepts %j', (code) => {
    expect(untidy('src/commonPrefix.ts', code)).toEqual([])
  })
})
