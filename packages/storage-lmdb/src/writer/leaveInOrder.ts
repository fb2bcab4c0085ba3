import type { Worker } from 'node:worker_threads'
import { sharedSlot, stage } from './protocol.ts'

interface Writer {
  readonly shared: Int32Array
  readonly withinMs: number
  /** What is left when it does not come to rest in time. */
  readonly giveUp: () => void
}

/** How often it is looked whether a writer has come to rest. */
const lookIntervalMs = 2

const writers = new Set<Writer>()

/**
 * Node ends threads wherever they are, also at `process.exit` and after an error that nobody caught. A writer that is ended
 * within a transaction waits for itself in the clean-up of lmdb: the process would never end, and keep the lock of all
 * others meanwhile. So the end of this thread waits until the writer is between two transactions, and lets it begin no more.
 */
export const leaveInOrder = (worker: Worker, writer: Writer): void => {
  if (writers.size === 0) process.on('exit', leaveAll)
  writers.add(writer)
  worker.on('exit', () => {
    writers.delete(writer)
    if (writers.size === 0) process.off('exit', leaveAll)
  })
}

const leaveAll = (): void => {
  for (const writer of writers) if (!isAtRest(writer)) writer.giveUp()
}

const isAtRest = ({ shared, withinMs }: Writer): boolean => {
  const deadline = performance.now() + withinMs
  Atomics.store(shared, sharedSlot.leaving, 1)
  for (;;) {
    const doing = Atomics.compareExchange(shared, sharedSlot.stage, stage.idle, stage.ended)
    if (doing !== stage.waiting && doing !== stage.writing) return true
    if (performance.now() > deadline) return false
    Atomics.wait(shared, sharedSlot.stage, doing, lookIntervalMs)
  }
}
