/**
 * Plants bugs of one line, one after the other, and sees whether the tests that are named for them catch them:
 *   pnpm mutants [--only <part of a name>]... [--new] [--list]
 *
 * What comes of it is written to docs/mutants.md after each mutant, so that a run that was ended can go on with `--new`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { copyOfHead, type WorkCopy } from './mutants/copyOfHead.ts'
import { mutants } from './mutants/index.ts'
import { type Mutant, plant } from './mutants/Mutant.ts'
import { caughtByOf, findingsOf, pageOf } from './mutants/page.ts'
import { runTests, type TestRun } from './mutants/runTests.ts'

const root = join(import.meta.dirname, '..')
const pageFile = join(root, 'docs/mutants.md')
const minutesMax = 8

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    new: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

const readFindings = () => (existsSync(pageFile) ? findingsOf(readFileSync(pageFile, 'utf8')) : [])

const caught = new Set(readFindings().flatMap(({ mutant, caughtBy }) => (caughtBy === '' ? [] : [mutant])))
const chosen = mutants.filter(
  ({ name }) =>
    (values.only.length === 0 || values.only.some((part) => name.includes(part))) && !(values.new && caught.has(name)),
)

const write = (mutant: string, run: TestRun, seconds: number, commit: string): void => {
  const others = readFindings().filter((finding) => finding.mutant !== mutant)
  const day = new Date().toISOString().slice(0, 10)
  const findings = [...others, { mutant, caughtBy: caughtByOf(run), seconds, commit }]
  const names = mutants.map(({ name }) => name)
  writeFileSync(pageFile, pageOf(findings, names, day))
}

const timed = async (run: Promise<TestRun>): Promise<readonly [TestRun, number]> => {
  const startedAt = performance.now()
  return [await run, Math.round((performance.now() - startedAt) / 1000)]
}

const check = async (mutant: Mutant, { folder }: WorkCopy): Promise<readonly [TestRun, number]> => {
  const path = join(folder, mutant.file)
  const source = readFileSync(path, 'utf8')
  writeFileSync(path, plant(source, mutant))
  try {
    return await timed(runTests(folder, mutant.caughtBy, minutesMax * 60_000))
  } finally {
    writeFileSync(path, source)
  }
}

const describe = (run: TestRun): string => {
  if (run.kind === 'passed') return 'SURVIVED'
  if (run.kind === 'caught') return `caught by ${caughtByOf(run)}`
  return run.kind === 'hung' ? `HUNG for ${minutesMax} minutes` : `BROKEN\n${run.output.slice(-2_000)}`
}

/** Test files that were run without a bug; with what they said if they did not pass. */
const withoutBug = new Map<string, string>()

/** What is wrong with the test files of a mutant when there is no bug. */
const complaintsWithout = async ({ caughtBy }: Mutant, { folder }: WorkCopy): Promise<string> => {
  const unknown = caughtBy.filter((file) => !withoutBug.has(file))
  const run: TestRun =
    unknown.length === 0 ? { kind: 'passed' } : await runTests(folder, unknown, unknown.length * minutesMax * 60_000)
  for (const file of unknown) withoutBug.set(file, run.kind === 'passed' ? '' : describe(run))
  return caughtBy.flatMap((file) => withoutBug.get(file) || []).join('\n')
}

const plantAll = async (copy: WorkCopy): Promise<ReadonlyArray<string>> => {
  const survivors: string[] = []
  for (const [index, mutant] of chosen.entries()) {
    const { name } = mutant
    const complaints = await complaintsWithout(mutant, copy)
    if (complaints !== '') {
      console.log(`${index + 1}/${chosen.length} ${name}: without it its tests do not pass: ${complaints}`)
      survivors.push(name)
      continue
    }
    const [run, seconds] = await check(mutant, copy)
    console.log(`${index + 1}/${chosen.length} ${name}, ${seconds} s: ${describe(run)}`)
    write(name, run, seconds, copy.commit)
    if (run.kind !== 'caught') survivors.push(name)
  }
  return survivors
}

if (values.list) console.log(chosen.map(({ name }) => name).join('\n'))
else if (chosen.length === 0) console.log('No mutant is to be planted.')
else {
  const copy = copyOfHead(root)
  process.on('exit', copy.remove)
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
  // a text that is not there any more ends the run before it has begun
  for (const mutant of chosen) plant(readFileSync(join(copy.folder, mutant.file), 'utf8'), mutant)
  const survivors = await plantAll(copy)
  console.log(`${chosen.length - survivors.length} caught, ${survivors.length} not`)
  for (const name of survivors) console.log(`  ${name}`)
  process.exitCode = survivors.length === 0 ? 0 : 1
}
