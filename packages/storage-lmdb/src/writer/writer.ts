import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { type Environment, openData, openGate } from '../environment.ts'
import { failureOf } from '../failures.ts'
import { applyCommit } from './applyCommit.ts'
import { type Answer, type CommitRequest, type Request, sharedSlot, stage, type Verdict } from './protocol.ts'

/** What the writer thread is started with. */
export interface WriterStart {
  readonly folder: string
  readonly mapSizeBytes: number
  readonly port: MessagePort
  readonly shared: Int32Array
}

/** At most so much is taken into one transaction: it bounds how long others wait for the gate. */
const groupBytesMax = 8 << 20

/**
 * The thread that writes. It sleeps until there are requests, takes all of them into one transaction while it holds the
 * gate, and answers each. Nothing but this may block: the thread that asks never waits for a disk or another process.
 */
export const runWriter = async ({ folder, mapSizeBytes, port, shared }: WriterStart): Promise<void> => {
  const answer = (message: Answer): void => port.postMessage(message)
  Atomics.store(shared, sharedSlot.stage, stage.waitingForGate)
  const gate = openGate(folder)
  const data = gate.transactionSync(() => openData(folder, mapSizeBytes))
  data.readerCheck()
  Atomics.store(shared, sharedSlot.stage, stage.idle)
  answer({ kind: 'opened' })
  const wakeFile = join(folder, 'wake')
  for (;;) {
    const requests = nextRequests(port, shared)
    const commits = requests.filter((request) => request.kind === 'commit')
    if (commits.length > 0) {
      const verdicts = commitGroup(gate, data, commits, folder, shared)
      if (verdicts.some((verdict) => verdict.kind === 'committed')) touch(wakeFile)
      answer({ kind: 'verdicts', first: commits[0]!.id, verdicts })
    }
    if (requests.some((request) => request.kind === 'close')) break
  }
  await data.close()
  await gate.close()
  answer({ kind: 'closed' })
  port.close()
}

/** The requests that have come; sleeps while there are none. */
const nextRequests = (port: MessagePort, shared: Int32Array): ReadonlyArray<Request> => {
  const requests: Request[] = []
  let bytes = 0
  for (;;) {
    const seen = Atomics.load(shared, sharedSlot.requests)
    while (bytes < groupBytesMax) {
      const received = receiveMessageOnPort(port) as { readonly message: Request } | undefined
      if (received === undefined) break
      requests.push(received.message)
      bytes += sizeOf(received.message)
    }
    if (requests.length > 0) return requests
    Atomics.wait(shared, sharedSlot.requests, seen)
  }
}

const sizeOf = (request: Request): number =>
  request.kind === 'close'
    ? 0
    : request.append.reduce((sum, { batch }) => sum + batch.length, 1_000 + (request.rows?.length ?? 0))

const commitGroup = (
  gate: Environment,
  data: Environment,
  commits: ReadonlyArray<CommitRequest>,
  folder: string,
  shared: Int32Array,
): ReadonlyArray<Verdict> => {
  try {
    Atomics.store(shared, sharedSlot.stage, stage.waitingForGate)
    return gate.transactionSync(() => {
      if (Atomics.load(shared, sharedSlot.abandoned) === 1) throw new Error('given up while waiting for the write lock')
      return data.transactionSync(() => {
        Atomics.store(shared, sharedSlot.stage, stage.writing)
        return commits.map((commit) => applyCommit(data, commit))
      })
    })
  } catch (error) {
    const failure = failureOf(error, folder)
    return commits.map(() => ({ kind: 'refused', ...failure }))
  } finally {
    Atomics.store(shared, sharedSlot.stage, stage.idle)
  }
}

/** Tells other processes, which watch this file, that there is something new. They poll too, so a failure costs only time. */
const touch = (file: string): void => {
  try {
    const now = Date.now() / 1000
    utimesSync(file, now, now)
  } catch {
    // the poll of the others finds it
  }
}
