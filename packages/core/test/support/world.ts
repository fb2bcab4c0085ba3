import {
  type FaultPlan,
  type FaultPredicate,
  memory,
  type MemoryDisk,
  memoryDisk,
  providerWithFaults,
  type VirtualClock,
  virtualClock,
  where,
} from '@weir/testing'
import type { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import type { Storage, StorageProvider } from '../../src/ports/Storage.ts'
import { Weir } from '../../src/runtime/Weir.ts'

/** An open Weir over a disk in memory, on time of its own. */
export interface World {
  readonly weir: Weir
  readonly clock: VirtualClock
  readonly disk: MemoryDisk
  /** The outcome of a future, once everything has settled without time moving on. */
  readonly outcome: <A>(future: CompletableFuture<A>) => Promise<A>
  /** What it fails with. */
  readonly failure: (future: CompletableFuture<unknown>) => Promise<unknown>
  /** Another Weir over the same disk and time, as of another process. */
  readonly another: (plan?: FaultPlan) => Promise<Weir>
}

/**
 * @param plan - what goes wrong with the storage
 * @param clock - that of another world, to share its time
 */
export const openWorld = async (
  plan: FaultPlan = [],
  disk: MemoryDisk = memoryDisk(),
  clock: VirtualClock = virtualClock(1_000),
): Promise<World> => {
  const another = async (faults: FaultPlan = []): Promise<Weir> =>
    Weir.open(providerWithFaults(memory({ disk, clock }), faults, { clock }), { clock })
  const outcome = async <A>(future: CompletableFuture<A>): Promise<A> => {
    await clock.settle()
    if (!future.isDone) throw new Error(`the future is pending although everything has settled`)
    return future
  }
  const failure = async (future: CompletableFuture<unknown>): Promise<unknown> => {
    let value: unknown
    try {
      value = await outcome(future)
    } catch (error) {
      return error
    }
    throw new Error(`expected a failure, got ${JSON.stringify(value)}`)
  }
  return { weir: await another(plan), clock, disk, outcome, failure, another }
}

/** Commits of tasks: no others have a fence. */
export const ofTasks: FaultPredicate = where(({ commit }) => commit?.fence !== undefined)

/** What is called of a storage, beside what it does. */
export interface Calls {
  readonly reads: number[]
  readonly commits: number[]
}

/** A provider whose storage tells of its calls: of each read the partition, of each commit how many batches it appends. */
export const spying = (provider: StorageProvider, calls: Calls): StorageProvider => ({
  open: () =>
    provider.open().thenApply((storage): Storage => {
      const read = storage.read.bind(storage)
      const commit = storage.commit.bind(storage)
      storage.read = (partition, position, bounds) => {
        calls.reads.push(partition)
        return read(partition, position, bounds)
      }
      storage.commit = (change) => {
        calls.commits.push(change.append.length)
        return commit(change)
      }
      return storage
    }),
})
