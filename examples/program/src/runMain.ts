import { UsageError } from './options.ts'

/** A program as its command line has it. */
export interface Program<Options extends { readonly help: boolean }> {
  readonly usage: string
  /** @throws UsageError saying what was given and what is expected */
  readonly parseOptions: (args: ReadonlyArray<string>) => Options
  /**
   * @param signal - aborted by Ctrl-C; its reason is to be thrown
   * @returns whether all is as it should be
   */
  readonly run: (options: Options, signal: AbortSignal) => Promise<boolean>
  /** What to say when it was interrupted; by default nothing but that. */
  readonly interrupted?: string
}

/** Ctrl-C, or another signal to end. */
class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/** One Ctrl-C may come twice, from the terminal and from npm; only one that comes later is another one. */
const secondAfterMs = 1_000

const onInterrupt = (interrupt: (why: string) => void): void => {
  let interruptedAt = Infinity
  const hear = (signal: string): void => {
    // whoever asks again does not want to wait for commits either; workers end with this process
    if (performance.now() - interruptedAt > secondAfterMs) process.kill(process.pid, 'SIGKILL')
    interruptedAt = Math.min(interruptedAt, performance.now())
    interrupt(`interrupted by ${signal}`)
  }
  process.on('SIGINT', hear).on('SIGTERM', hear)
}

/** Runs a program; its exit code is 0 when all is right, 1 when not, 2 for a mistake on the command line, 130 after Ctrl-C. */
export const runMain = async <Options extends { readonly help: boolean }>({
  usage,
  parseOptions,
  run,
  interrupted = '',
}: Program<Options>): Promise<void> => {
  const interruption = new AbortController()
  onInterrupt((why) => interruption.abort(new Interrupted(why)))
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options.help) return console.log(usage)
    process.exitCode = (await run(options, interruption.signal)) ? 0 : 1
  } catch (error) {
    process.exitCode = await explain(error, usage, interrupted)
  }
}

/** Says what went wrong, and gives the exit code. */
const explain = async (error: unknown, usage: string, interrupted: string): Promise<number> => {
  if (error instanceof Interrupted) {
    console.error(`\nInterrupted. ${interrupted}`.trimEnd())
    return 130
  }
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${usage}`)
    return 2
  }
  // not before it is needed: a program may want to load it in its own way
  const { WeirError } = await import('@weir/core')
  console.error(error instanceof WeirError ? `${error.name}: ${error.message}` : error)
  return 1
}
