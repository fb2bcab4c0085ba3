import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { mutants } from './index.ts'
import { type Mutant, plant } from './Mutant.ts'
import { type Finding, findingsOf, pageOf } from './page.ts'

const root = join(import.meta.dirname, '../..')
const pageFile = join(root, 'docs/mutants.md')

describe('the mutants', () => {
  test.each(mutants.map((mutant) => [mutant.name, mutant] as const))('%s can be planted', (_, mutant) => {
    const source = readFileSync(join(root, mutant.file), 'utf8')
    expect(plant(source, mutant)).not.toBe(source)
    expect(mutant.text + mutant.replacement).not.toContain('\n')
    expect(mutant.caughtBy.filter((file) => !existsSync(join(root, file)))).toEqual([])
  })

  test('have names of their own', () => {
    const names = mutants.map(({ name }) => name)
    expect(names).toEqual([...new Set(names)])
    for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)+$/)
  })

  test('were caught when they were last planted', () => {
    const survivors = findingsOf(readFileSync(pageFile, 'utf8')).filter(({ caughtBy }) => caughtBy === '')
    expect(survivors.map(({ mutant }) => mutant)).toEqual([])
  })
})

describe('plant', () => {
  const mutant: Mutant = { name: 'a-bug', file: 'a.ts', text: 'a < b', replacement: 'a <= b', caughtBy: [] }
  test('puts the bug in the place of its text', () => {
    expect(plant('if (a < b) return', mutant)).toBe('if (a <= b) return')
  })
  test.each([
    ['if (a > b) return', 0],
    ['a < b || a < b', 2],
  ])('refuses %j, which does not have the text exactly once', (source, times) => {
    expect(() => plant(source, mutant)).toThrow(`mutant 'a-bug': a.ts has its text ${times} times`)
  })
})

test('the page says what was found, and gives it back', () => {
  const findings: ReadonlyArray<Finding> = [
    { mutant: 'b', caughtBy: '', seconds: 3, commit: 'c1' },
    { mutant: 'a', caughtBy: 'x.test.ts: x is y', seconds: 12, commit: 'c2' },
  ]
  const page = pageOf(findings, ['a', 'b', 'c'], '2026-01-02')
  expect(page).toContain('of 3 mutants 1 are caught')
  expect(findingsOf(page)).toEqual(findings.toReversed())
})
