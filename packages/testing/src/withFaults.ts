import {
  type Clock,
  CompletableFuture,
  InvalidOption,
  type Storage,
  type StorageProvider,
  systemClock,
} from '@weir/core'
import { requireKnown, requireStorage, unexpected } from '@weir/core/protocol'
import { type FaultPlan, requirePlan } from './Fault.ts'
import { FaultInjector } from './internal/FaultInjector.ts'
import { FaultyHandle } from './internal/FaultyHandle.ts'
import { requireClock } from './internal/requireClock.ts'

/** What the faults run on. */
export interface FaultOptions {
  /** The clock of `slow`; the machine's by default. */
  readonly clock?: Clock
}

/** A storage under faults. */
export interface FaultyStorage extends Storage {
  /** A fault of the plan has crashed it: everything fails with `StorageFailed` until the data is opened again. */
  readonly crashed: boolean
}

/** A provider under faults: the plan goes on over all that it opens, so 'the third commit' is the third of all of them. */
export interface FaultyProvider extends StorageProvider {
  open(): CompletableFuture<FaultyStorage>
}

/**
 * Wraps an open storage so that calls go wrong by plan, the same ones in every run.
 *
 * Commits keep their order whatever strikes, and what is durable after a crash is always a whole number of them, from
 * the first on. The storage beneath is closed at a crash, as the system does for a killed process; its data can be
 * opened again. Calls without a fault pass through and cost no turn.
 *
 * @throws InvalidOption
 * @example
 * import { commitOf, StorageFailed } from '@weir/core'
 *
 * const disk = memoryDisk()
 * const storage = withFaults(memoryStorage({ disk }), [strike(and(on('commit'), nth(2)), crashAfter)])
 * await storage.commit(commitOf({}))
 * await storage.commit(commitOf({})).handle((_, error) => error instanceof StorageFailed) // => true
 * disk.commitCount // => 2
 */
export const withFaults = (storage: Storage, plan: FaultPlan, options: FaultOptions = {}): FaultyStorage => {
  if (typeof (storage as Partial<Storage> | undefined)?.commit !== 'function') {
    throw new InvalidOption(unexpected('withFaults: the storage', storage, 'an open one, such as memoryStorage()'))
  }
  requirePlan('withFaults: the plan', plan)
  const clock = clockOf('withFaults', options)
  return new FaultyHandle(storage, new FaultInjector(plan), clock)
}

/**
 * As `withFaults`, for a provider: what `Weir.open` gets, and what is opened again after a crash. Also strikes 'open'.
 *
 * @throws InvalidOption
 * @example
 * const provider = providerWithFaults(memory(), [strike(and(on('commit'), nth(40)), crashBefore)])
 */
export const providerWithFaults = (
  provider: StorageProvider,
  plan: FaultPlan,
  options: FaultOptions = {},
): FaultyProvider => {
  requireStorage('providerWithFaults: the storage', provider)
  requirePlan('providerWithFaults: the plan', plan)
  const clock = clockOf('providerWithFaults', options)
  const injector = new FaultInjector(plan)
  return {
    open: () =>
      injector
        .pass(clock, { operation: 'open' })
        .thenCompose(() => provider.open())
        .thenApply((storage): FaultyStorage => new FaultyHandle(storage, injector, clock)),
  }
}

const clockOf = (what: string, options: FaultOptions): Clock => {
  requireKnown(what, options, ['clock'])
  const { clock = systemClock } = options
  requireClock(`${what}: clock`, clock)
  return clock
}
