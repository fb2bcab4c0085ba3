import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { parseOptions, usage, UsageError } from './options.ts'

/** Ctrl-C, or another signal to end. */
class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** Many processes are started, and started again: what is imported from here on, they need not compile. */
const keepCompiled = (folder: string): void => {
  process.env['NODE_COMPILE_CACHE'] ??= folder
  enableCompileCache(folder)
}

/** One Ctrl-C may come twice, from the terminal and from npm; only one that comes later is another one. */
const secondAfterMs = 1_000

const onInterrupt = (interrupt: (why: string) => void): void => {
  let interruptedAt = Infinity
  const hear = (signal: string): void => {
    // whoever asks again does not want to wait; the other processes end with this one
    if (performance.now() - interruptedAt > secondAfterMs) process.kill(process.pid, 'SIGKILL')
    interruptedAt = Math.min(interruptedAt, performance.now())
    interrupt(`interrupted by ${signal}`)
  }
  process.on('SIGINT', hear).on('SIGTERM', hear)
}

const main = async (): Promise<number> => {
  const interruption = new AbortController()
  onInterrupt((why) => interruption.abort(new Interrupted(why)))
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options.help) {
      console.log(usage)
      return 0
    }
    keepCompiled(join(options.data, 'compiled'))
    const { runProgram } = await import('./runProgram.ts')
    flushCompileCache()
    return (await runProgram(options, interruption.signal)) ? 0 : 1
  } catch (error) {
    if (error instanceof Interrupted) {
      console.error('\nInterrupted.')
      return 130
    }
    if (error instanceof UsageError) {
      console.error(`${error.message}\n\n${usage}`)
      return 2
    }
    console.error(error)
    return 1
  }
}

process.exitCode = await main()
