import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Ready } from './serveParent.ts'

/** A process of the shop. When it dies before it is stopped, another one takes its place. */
export class Program {
  readonly name: string
  readonly #args: ReadonlyArray<string>
  #child: ChildProcess | undefined
  #ready: Promise<Ready> | undefined
  #isStopping = false

  private constructor(name: string, args: ReadonlyArray<string>) {
    this.name = name
    this.#args = args
  }

  /** Starts `<name>.ts`, and waits until it says that it is ready. */
  static async start(name: string, args: ReadonlyArray<string>): Promise<Program> {
    const program = new Program(name, args)
    await program.#launch()
    return program
  }

  /** What the process has said when it was ready. */
  get ready(): Promise<Ready> {
    return this.#ready!
  }

  /** Kills the process with SIGKILL, wherever it is; false when there is none just now. */
  kill(): boolean {
    return this.#child?.connected === true && this.#child.kill('SIGKILL')
  }

  /** Ends the process in order. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    if (child.connected) child.send('Stop')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await exited
    clearTimeout(timer)
  }

  #launch(): Promise<Ready> {
    const file = fileURLToPath(new URL(`./${this.name}.ts`, import.meta.url))
    const child = fork(file, this.#args, { execArgv: ['--disable-warning=ExperimentalWarning'] })
    this.#child = child
    this.#ready = new Promise((resolve, reject) => {
      let isReady = false
      child.once('message', (ready: Ready) => {
        isReady = true
        resolve(ready)
      })
      child.once('exit', (code, signal) => {
        reject(new Error(`${this.name} ended before it was ready: ${signal ?? code}`))
        // one that fails as soon as it begins would do so again
        if (!this.#isStopping && (isReady || signal !== null)) this.#launch().catch(() => undefined)
      })
    })
    return this.#ready
  }
}

const stopWithinMs = 10_000
