// What runs in a worker, be it a thread or a process: opens the storage, runs the job, and reports.
import { flushCompileCache } from 'node:module'
import { parentPort, type MessagePort } from 'node:worker_threads'
import {
  CompletableFuture,
  InvalidJob,
  type RunMetrics,
  type RunningJob,
  type Storage,
  type StorageProvider,
  Weir,
} from '@weir/core'
import { toFailure } from './failure.ts'
import { findJob } from './findJob.ts'
import type { Order, Report, Start } from './protocol.ts'

const reportIntervalMs = 200

/** How long the storage has to close after an uncaught error. */
const closeWithinMs = 5_000

/** How long something left open by user code may keep a worker whose work is done. */
const lingerMsMax = 1_000

/** The way to whoever started this worker. */
interface Starter {
  send(report: Report): void
  onOrder(listener: (order: Order) => void): void
  /** Sends the last report and closes the way. */
  leave(report: Report): void
}

/**
 * How a process ends when it does so out of order. Node would stop its threads first, wherever they are; the storage's
 * writer, stopped within a transaction, would wait for itself for ever and keep the lock of all processes meanwhile.
 */
const killThisProcess = (): void => void process.kill(process.pid, 'SIGKILL')

const starterOfThread = (port: MessagePort): Starter => ({
  send: (report) => port.postMessage(report),
  onOrder: (listener) => void port.on('message', listener),
  leave: (report) => {
    port.postMessage(report)
    port.close()
  },
})

const starterOfProcess = (): Starter => {
  let leaving = false
  process.title = process.argv[2] ?? 'weir worker'
  // a Ctrl-C reaches all processes of the terminal; it is for the starter to say what follows
  process.on('SIGINT', () => undefined)
  process.on('disconnect', () => {
    if (!leaving) killThisProcess()
  })
  // the callback takes the error of a channel that has just closed: then the process ends anyway
  const send = (report: Report, sent: () => void): void => {
    if (process.connected) process.send?.(report, undefined, undefined, sent)
  }
  // Node would print it after 'exit', which is too late
  process.once('uncaughtException', (error) => {
    console.error(error)
    process.exit(1)
  })
  process.on('exit', (code) => {
    if (leaving) return
    send({ _tag: 'Exiting', code }, () => undefined)
    killThisProcess()
  })
  return {
    send: (report) => send(report, () => undefined),
    onOrder: (listener) => void process.on('message', listener),
    leave: (report) => {
      leaving = true
      send(report, () => {
        if (process.connected) process.disconnect?.()
      })
    },
  }
}

/**
 * A thread that ends by an error takes the threads that it has started with it, wherever they are: the storage's writer
 * could then leave a lock held for the whole process. So it closes first. A process may just die.
 */
const endThreadInOrder = (close: () => CompletableFuture<void>): void => {
  process.once('uncaughtException', (error) => {
    console.error(error)
    const exit = (): void => process.exit(1)
    setTimeout(exit, closeWithinMs)
    void close().handle(exit)
  })
}

const openStorage = async ({ job, storage: { module, name, args }, severalProcesses }: Start): Promise<Weir> => {
  const exported = (await import(module)) as Readonly<Record<string, (...args: readonly unknown[]) => StorageProvider>>
  const provider = exported[name]!(...args)
  const open = (): CompletableFuture<Storage> =>
    provider.open().thenCompose((storage) => {
      const { name: kind, sharedByProcesses } = storage.capabilities
      if (!severalProcesses || sharedByProcesses) return CompletableFuture.completed(storage)
      const refusal = new InvalidJob(
        `job '${job}' is to run on several processes, and storage '${kind}' cannot be shared by them; expected threads, or one process`,
      )
      return storage.close().thenCompose(() => CompletableFuture.failed(refusal))
    })
  return Weir.open({ open })
}

const runJob = async (start: Start, onRunning: (running: RunningJob) => void): Promise<RunMetrics> => {
  const job = await findJob(start.module, start.job)
  const weir = await openStorage(start)
  if (parentPort !== null) endThreadInOrder(() => weir.close())
  try {
    const running = await weir.run(job, start.run)
    onRunning(running)
    await running.done
    return running.metrics()
  } finally {
    await weir.close()
  }
}

const serve = (starter: Starter): void => {
  let running: RunningJob | undefined
  let stopping = false
  let reporting: NodeJS.Timeout | undefined
  const begin = (started: RunningJob): void => {
    running = started
    const measure = (): void => starter.send({ _tag: 'Measured', metrics: started.metrics() })
    measure()
    reporting = setInterval(measure, reportIntervalMs)
    // the metrics look into the storage, which is closed after this
    started.done.whenComplete(() => clearInterval(reporting)).exceptionally(() => undefined)
    if (stopping) void started.stop()
    // by itself it is written at an orderly exit only, and workers get killed
    flushCompileCache()
  }
  const leave = (report: Report, exitCode: number): void => {
    process.exitCode = exitCode
    starter.leave(report)
    setTimeout(() => process.exit(), lingerMsMax).unref()
  }
  starter.onOrder((order) => {
    if (order._tag === 'Stop') {
      stopping = true
      void running?.stop()
      return
    }
    runJob(order, begin).then(
      (metrics) => leave({ _tag: 'Finished', metrics }, 0),
      (error: unknown) => leave({ _tag: 'Failed', failure: toFailure(error) }, 1),
    )
  })
}

serve(parentPort === null ? starterOfProcess() : starterOfThread(parentPort))
