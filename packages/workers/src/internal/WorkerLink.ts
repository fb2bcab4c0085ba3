import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Order, Report } from './protocol.ts'

/** What is heard from a worker. `ended` comes once, last, and says how it ended. */
export interface WorkerEvents {
  readonly reported: (report: Report) => void
  readonly ended: (how: string) => void
}

/** A worker, be it a thread or a process. */
export interface WorkerLink {
  readonly pid: number | null
  readonly threadId: number | null
  send(order: Order): void
  /**
   * Ends it at once, wherever it is: a process by SIGKILL. A thread that is killed within a transaction of the storage
   * may leave it locked for the whole process, so that is for threads that are stuck.
   */
  kill(): void
}

const entry = new URL(import.meta.url.endsWith('.ts') ? './entry.ts' : './entry.js', import.meta.url)

/** A worker as a thread of this process. */
export const startThread = (
  name: string,
  execArgv: ReadonlyArray<string> | undefined,
  events: WorkerEvents,
): WorkerLink => {
  const thread = new Worker(entry, { name, ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }) })
  let crash = ''
  thread.on('message', (report: Report) => events.reported(report))
  thread.on('error', (error: unknown) => {
    crash = ` after it threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`
  })
  thread.on('exit', (code) => events.ended(`exited with code ${code}${crash}`))
  return {
    pid: process.pid,
    threadId: thread.threadId,
    send: (order) => thread.postMessage(order),
    kill: () => void thread.terminate(),
  }
}

/** A worker as a process of its own, which ends with this one: when the channel between them closes. */
export const startProcess = (
  name: string,
  execArgv: ReadonlyArray<string> | undefined,
  events: WorkerEvents,
): WorkerLink => {
  const child = fork(fileURLToPath(entry), [name], {
    execArgv: [...(execArgv ?? process.execArgv.filter((flag) => !flag.startsWith('--inspect')))],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  // its last report may come after its exit, but not after the end of the channel
  let how: string | undefined
  const endWhenClosed = (): void => {
    if (how !== undefined && !child.connected) events.ended(how)
  }
  child.on('message', (report) => events.reported(report as Report))
  child.on('disconnect', endWhenClosed)
  child.on('exit', (code, signal) => {
    how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`
    endWhenClosed()
  })
  child.on('error', (error) => {
    // one that could not be started has no exit; a failed send or kill is followed by one
    if (child.pid === undefined) events.ended(`could not be started: ${error.message}`)
  })
  return {
    pid: child.pid ?? null,
    threadId: null,
    send: (order) => {
      // the callback takes the error of a worker that has just died; its end is reported in any case
      if (child.connected) child.send(order, () => undefined)
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
