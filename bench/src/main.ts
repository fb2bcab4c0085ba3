import { fork } from 'node:child_process'
import { existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Row } from './Benchmark.ts'
import { benchmarks } from './benchmarks.ts'
import { describeMachine } from './machine.ts'
import { report } from './report.ts'
import type { Message } from './runOne.ts'
import { Status } from './Status.ts'

const usage = `node bench/src/main.ts [--quick] [--only <name>]... [--folder <path>]

  --quick   smaller counts; the results are only shown
  --only    one benchmark of: ${Object.keys(benchmarks).join(', ')}
  --folder  where the data goes; on a real disk (by default the folder for temporary files)
`

/** Runs a benchmark in a process of its own, so that it meets neither the heap nor the compiled code of others. */
const runOne = (name: string, folder: string, quick: boolean, status: Status): Promise<ReadonlyArray<Row>> =>
  new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'runOne.ts'), [name, folder, quick ? 'quick' : 'full'], {
      execArgv: ['--expose-gc', ...process.execArgv],
    })
    let rows: ReadonlyArray<Row> = []
    child.on('message', (message: Message) => {
      if (message.kind === 'progress') status.show(`${name}: ${message.text}`)
      else rows = message.rows
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (code === 0) resolve(rows)
      else reject(new Error(`benchmark ${name} ended with ${signal ?? `exit code ${code}`}`))
    })
  })

const tmpfs = 0x0102_1994
/** The folder for temporary files, unless it is in memory. */
const defaultFolder = (): string => {
  if (statfsSync(tmpdir()).type !== tmpfs) return tmpdir()
  const own = join(import.meta.dirname, '..', '.data')
  mkdirSync(own, { recursive: true })
  return own
}

const endWithUsage = (mistakes: ReadonlyArray<string>): never => {
  process.stderr.write(`${mistakes.map((mistake) => `${mistake}\n`).join('')}${usage}`)
  process.exit(mistakes.length === 0 ? 0 : 2)
}

const options = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', multiple: true },
  folder: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const parsed = () => {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    return endWithUsage([error instanceof Error ? error.message : String(error)])
  }
}

const values = parsed()
const names = values.only ?? Object.keys(benchmarks)
const mistakes = names.filter((name) => benchmarks[name] === undefined).map((name) => `unknown benchmark: ${name}`)
if (values.folder !== undefined && !existsSync(values.folder)) mistakes.push(`no folder: ${values.folder}`)
if (values.help || mistakes.length > 0) endWithUsage(mistakes)

const start = performance.now()
const status = new Status(names.length)
const folder = values.folder ?? defaultFolder()
process.stdout.write(`${describeMachine(folder)}\n`)
const rows: Row[] = []
for (const name of names) {
  status.begin(name)
  try {
    rows.push(...(await runOne(name, folder, values.quick, status)))
  } catch (error) {
    status.end()
    process.stderr.write(`${String(error)}\n`)
    process.exitCode = 1
  }
}
status.end()
process.stdout.write(report(rows, (performance.now() - start) / 1000))
// what is kept was measured with all counts and all benchmarks
if (values.only === undefined && !values.quick) {
  const file = join(import.meta.dirname, '..', 'results.json')
  writeFileSync(file, `${JSON.stringify(rows, null, 2)}\n`)
  process.stdout.write(`All rows are in ${file}\n`)
}
