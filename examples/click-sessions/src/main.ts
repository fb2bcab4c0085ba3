import { runMain } from '@weir/example-program'
import { parseOptions, usage } from './options.ts'
import { runProgram } from './runProgram.ts'

await runMain({
  usage,
  parseOptions,
  run: (options, signal) => runProgram(options, signal, (text) => console.log(text)),
})
