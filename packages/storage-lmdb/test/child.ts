import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'

/** How a child ended: one of the two is null. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const running = new Set<ChildProcess>()
// a test that fails leaves no process behind
afterAll(() => running.forEach((process) => process.kill('SIGKILL')))

/** A process that runs one file of `fixtures`, and says how far it is in lines. */
export class Child {
  readonly process: ChildProcess
  readonly exited: Promise<Exit>
  readonly lines: string[] = []
  readonly errors: string[] = []
  readonly #waiting = new Set<() => void>()

  constructor(process: ChildProcess) {
    running.add(process)
    this.process = process
    this.exited = new Promise((resolve) => process.on('close', (code, signal) => resolve({ code, signal })))
    process.on('close', () => {
      running.delete(process)
      this.#wake()
    })
    createInterface({ input: process.stdout! }).on('line', (line) => {
      this.lines.push(line)
      this.#wake()
    })
    process.stderr!.setEncoding('utf8').on('data', (text: string) => this.errors.push(text))
  }

  get pid(): number {
    return this.process.pid!
  }

  /** Waits for the first line that begins so, from the beginning or behind those that were there; gives the rest of it. */
  async line(beginning: string, from = 0): Promise<string> {
    const deadline = AbortSignal.timeout(50_000)
    for (;;) {
      const found = this.lines.slice(from).find((line) => line.startsWith(beginning))
      if (found !== undefined) return found.slice(beginning.length).trim()
      if (this.process.exitCode !== null || this.process.signalCode !== null || deadline.aborted) {
        throw new Error(
          `no line '${beginning}' of a child; it said\n${this.lines.slice(-20).join('\n')}\n${this.errors.join('')}`,
        )
      }
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
        deadline.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  say(line: string): void {
    this.process.stdin!.write(`${line}\n`)
  }

  kill(signal: NodeJS.Signals): void {
    this.process.kill(signal)
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** Runs `fixtures/<name>.ts` with this Node. */
export const runFixture = (name: string, args: ReadonlyArray<string | number>, options: SpawnOptions = {}): Child =>
  runCommand([process.execPath, fixture(name), ...args.map(String)], options)

/** Runs any command. */
export const runCommand = (command: ReadonlyArray<string>, options: SpawnOptions = {}): Child =>
  new Child(spawn(command[0]!, command.slice(1), { stdio: 'pipe', ...options }))

export const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url))
