import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Sabotage } from './sabotage.ts'

/** How a process is started. */
export interface PuppetOptions {
  /** Put before the command, such as `strace` and its options. */
  readonly under?: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  /** Native code may end it by SIGABRT, which counts as a kill. */
  readonly mayAbort?: boolean
  /** Its disk is taken away, so that it may end by itself. */
  readonly mayFail?: boolean
  /** It runs on that. */
  readonly sabotage?: Sabotage | undefined
}

const all = new Set<ChildProcess>()
process.on('exit', () => all.forEach((child) => child.kill('SIGKILL')))

/** A process of `processes/` that says how far it is in lines. */
export class Puppet {
  readonly name: string
  readonly child: ChildProcess
  readonly lines: string[] = []
  readonly #mayAbort: boolean
  readonly #mayFail: boolean
  readonly #closed: Promise<unknown>
  #errors = ''
  #hasEnded = false

  constructor(name: string, args: ReadonlyArray<string | number>, options: PuppetOptions = {}) {
    this.name = name
    const { under = [], env = {}, sabotage, mayAbort = false, mayFail = false } = options
    this.#mayAbort = mayAbort
    this.#mayFail = mayFail
    const [program, ...rest] = [...under, process.execPath, fileOf(`processes/${name}`), ...args.map(String)]
    const sabotagedEnv = sabotage === undefined ? {} : { NODE_OPTIONS: sabotage.nodeOption }
    this.child = spawn(program!, rest, { stdio: 'pipe', env: { ...process.env, ...env, ...sabotagedEnv } })
    all.add(this.child)
    this.#closed = once(this.child, 'close')
    this.child.on('close', () => {
      this.#hasEnded = true
      all.delete(this.child)
    })
    // to a process that has died
    this.child.stdin!.on('error', () => undefined)
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.lines.push(line))
    this.child
      .stderr!.setEncoding('utf8')
      .on('data', (text: string) => (this.#errors = (this.#errors + text).slice(-4_000)))
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Whether native code has ended it, as it may. */
  get wasAborted(): boolean {
    return this.#mayAbort && this.#hasEnded && this.child.signalCode === 'SIGABRT'
  }

  /** What it said of its end, when it came to one by itself. */
  get failure(): string | undefined {
    const { exitCode, signalCode } = this.child
    if (!this.#hasEnded || exitCode === 0 || signalCode === 'SIGKILL' || this.wasAborted || this.#mayFail)
      return undefined
    return `process '${this.name}' ended with ${signalCode ?? `code ${exitCode}`}: ${this.#errors.trim()}`
  }

  /** How many lines begin so. */
  count(beginning: string): number {
    return this.lines.reduce((sum, line) => sum + (line.startsWith(beginning) ? 1 : 0), 0)
  }

  /** Waits until so many lines begin so, or it has ended, or the next one takes longer than that; gives whether they have come. */
  async said(beginning: string, times = 1, nextWithinMs = 60_000): Promise<boolean> {
    for (let count = this.count(beginning); count < times && !this.#hasEnded; count = this.count(beginning)) {
      if (!(await until(() => this.#hasEnded || this.count(beginning) > count, nextWithinMs))) return false
    }
    return this.count(beginning) >= times
  }

  say(line: string): void {
    this.child.stdin!.write(`${line}\n`)
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  /** Kills it, and waits until it is gone. */
  async end(): Promise<void> {
    this.kill('SIGKILL')
    await this.#closed
  }

  /** Asks it to stop; gives whether it did, else it is killed. */
  async stop(withinMs = 60_000): Promise<boolean> {
    this.say('stop')
    await until(() => this.#hasEnded, withinMs)
    const stopped = this.#hasEnded
    if (!stopped) await this.end()
    return stopped
  }
}

/** Looks every few ms until it holds or the time is over. */
const until = async (holds: () => boolean, withinMs: number): Promise<boolean> => {
  for (const deadline = performance.now() + withinMs; !holds();) {
    if (performance.now() > deadline) return false
    await pause(5)
  }
  return true
}

/** Waits. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const fileOf = (name: string): string => fileURLToPath(new URL(`./${name}.ts`, import.meta.url))
