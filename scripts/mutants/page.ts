import type { TestRun } from './runTests.ts'

/** What became of a mutant when it was last planted. */
export interface Finding {
  readonly mutant: string
  /** Empty when no test has caught it. */
  readonly caughtBy: string
  readonly seconds: number
  readonly commit: string
}

/** In one cell of the table. */
export const caughtByOf = (run: TestRun): string =>
  run.kind === 'caught' ? `${run.file}: ${run.test.replaceAll(/[|\s]+/g, ' ')}` : ''

const notCaught = '**not caught**'

/** The page, with the findings in the order of the mutants. */
export const pageOf = (findings: ReadonlyArray<Finding>, mutants: ReadonlyArray<string>, day: string): string => {
  const byName = new Map(findings.map((finding) => [finding.mutant, finding]))
  const rows = mutants.map((name) => byName.get(name) ?? name)
  const caught = findings.filter(({ caughtBy, mutant }) => caughtBy !== '' && mutants.includes(mutant)).length
  return `${head}

Last run on ${day} with \`pnpm mutants\`: of ${mutants.length} mutants ${caught} are caught. A row says at which commit.

| mutant | caught by | seconds | commit |
| --- | --- | --- | --- |
${rows.map(rowOf).join('\n')}
`
}

const head = `# Planted bugs

Tests that pass prove little until they have failed. Each mutant is a bug of one line in the runtime, an operator, a
storage or a sink, named in \`scripts/mutants\` with the test files that must catch it: mostly laws, models and contract
suites. \`pnpm mutants\` plants them one after the other in a copy of the last commit and runs those files, which must
pass without it. \`pnpm mutants --only <part of a name>\` runs some, \`pnpm mutants --new\` those without a row that says
who has caught them. It takes its time, and is no part of \`npm test\`; that each text is still there is.`

const rowOf = (row: Finding | string): string =>
  typeof row === 'string'
    ? `| ${row} | not run | | |`
    : `| ${row.mutant} | ${row.caughtBy || notCaught} | ${row.seconds} | ${row.commit} |`

/** What a page says. */
export const findingsOf = (page: string): Finding[] =>
  page.split('\n').flatMap((line) => {
    const [, mutant, caughtBy, seconds, commit] = line.split('|').map((cell) => cell.trim())
    if (mutant === undefined || caughtBy === undefined || commit === undefined || !/^\d/.test(seconds ?? '')) return []
    return [{ mutant, caughtBy: caughtBy === notCaught ? '' : caughtBy, seconds: Number(seconds), commit }]
  })
