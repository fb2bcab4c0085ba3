import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { check, type Checked, isRight } from './check.ts'
import { Progress } from './Progress.ts'
import { queries } from './queries/index.ts'
import { lineOf, tableOf, wrongIn } from './report.ts'

const usage = `npm run nexmark -- [--events <count>] [--seed <number>]... [--only <query>]...

  --events  of each seed; 200 000 by default
  --seed    of the events; 1, 2 and 3 by default
  --only    one query of: ${queries.map(({ name }) => name).join(', ')}
`

const countMax = 10_000_000

const options = {
  events: { type: 'string', default: '200000' },
  seed: { type: 'string', multiple: true },
  only: { type: 'string', multiple: true },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const endWithUsage = (mistakes: ReadonlyArray<string>): never => {
  process.stderr.write(`${mistakes.map((mistake) => `${mistake}\n`).join('')}${usage}`)
  process.exit(mistakes.length === 0 ? 0 : 2)
}

const parsed = () => {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return endWithUsage([error instanceof Error ? error.message : String(error)])
  }
}

const values = parsed()
const mistakes: string[] = []
const whole = (option: 'events' | 'seed', given: string): number => {
  const number = Number(given)
  if (Number.isInteger(number) && number >= 1 && number <= countMax) return number
  mistakes.push(`--${option} is ${given}; expected a whole number from 1 to ${countMax}`)
  return 1
}
const count = whole('events', values.events)
const seeds = (values.seed ?? ['1', '2', '3']).map((seed) => whole('seed', seed))
const names = values.only ?? queries.map(({ name }) => name)
for (const name of names) if (!queries.some((query) => query.name === name)) mistakes.push(`unknown query: ${name}`)
if (values.help || mistakes.length > 0) endWithUsage(mistakes)

const chosen = queries.filter(({ name }) => names.includes(name))
const progress = new Progress(process.stdout)
// for the storage's threads and the worker processes too, each of which would compile the same modules anew
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache')
const start = performance.now()
const checked: Checked[] = []
for (const seed of seeds) {
  await check({
    queries: chosen,
    seed,
    count,
    onProgress: (text) => progress.show(text),
    onChecked: (each) => {
      checked.push(each)
      progress.ended(lineOf(each))
    },
  })
}
progress.clear()
const isAllRight = checked.every(isRight)
process.stdout.write(
  `${tableOf(chosen, checked)}\n` +
    wrongIn(checked) +
    `${isAllRight ? 'Weir and DuckDB agree on all of it' : 'Something is wrong'}: ${seeds.length} x ${count} events, ` +
    `${((performance.now() - start) / 1000).toFixed(0)} s in all.\n`,
)
process.exitCode = isAllRight ? 0 : 1
