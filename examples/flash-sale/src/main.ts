import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { runMain } from '@weir/example-program'
import { parseOptions, usage } from './options.ts'

/** Many processes are started, and started again: what is imported from here on, they need not compile. */
const keepCompiled = (folder: string): void => {
  process.env['NODE_COMPILE_CACHE'] ??= folder
  enableCompileCache(folder)
}

await runMain({
  usage,
  parseOptions,
  run: async (options, signal) => {
    keepCompiled(join(options.data, 'compiled'))
    const { runProgram } = await import('./runProgram.ts')
    flushCompileCache()
    return runProgram(options, signal)
  },
})
