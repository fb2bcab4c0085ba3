import { runMain } from '@weir/example-program'
import { parseOptions, usage } from './options.ts'
import { runProgram } from './runProgram.ts'

await runMain({
  usage,
  parseOptions,
  run: async (options, signal) => {
    const isRight = await runProgram(options, signal, (text) => console.log(text))
    console.log(isRight ? 'The lists are those of a plain count.' : 'The lists are WRONG.')
    return isRight
  },
})
