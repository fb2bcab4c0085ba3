import type { CompletableFuture } from '../future/CompletableFuture.ts'
import type { Clock } from '../ports/Clock.ts'
import type { Storage } from '../ports/Storage.ts'

/** What streams read: a log, or one moment of it. */
export interface ReadableLog {
  readonly storage: Pick<Storage, 'rows' | 'read' | 'bounds' | 'offsetAt' | 'onChange'>
  readonly clock: Clock
  /**
   * Calls back once, when this is about to be closed: commits that are called then still go through, and so do those that are
   * called before the future that the listener gives is done.
   *
   * @returns a function that ends the subscription
   */
  readonly onClose: (listener: () => CompletableFuture<void> | void) => () => void
}

/** What producers and streams work on: an open storage, its time, and news of its end. A `Weir` is one. */
export interface OpenLog extends ReadableLog {
  readonly storage: Storage
}
