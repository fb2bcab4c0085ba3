import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from './Benchmark.ts'
import { benchmarks } from './benchmarks.ts'

// One benchmark, in this process. Started by main.ts with the benchmark's name, the folder for data, and `quick` or `full`.

export type Message =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'rows'; readonly rows: ReadonlyArray<Row> }

const [name = '', parent = '', size = 'full'] = process.argv.slice(2)
const say = (message: Message): void => void process.send?.(message)
const benchmark = await benchmarks[name]!()
const folder = mkdtempSync(join(parent, 'weir-bench-'))
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
// whoever started this is gone
process.once('disconnect', () => process.exit())
const rows = await benchmark({
  quick: size === 'quick',
  path: (file) => join(folder, file),
  progress: (text) => say({ kind: 'progress', text }),
})
say({ kind: 'rows', rows })
process.disconnect?.()
