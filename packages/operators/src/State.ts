import type { StoreDefinition, TaskContext } from '@weir/core'

/** How long a state is kept. */
export interface StateOptions {
  /**
   * What is in it is gone so long after it was last written, by the wall clock: the value, or each entry of a map and each
   * element of a list by itself. By default it is kept for ever.
   */
  readonly ttlMs?: number | undefined
}

/**
 * A piece of state of each key, as a definition: `valueState(codec)`, `mapState(subkey, codec)` or `listState(codec)`.
 *
 * An operator such as `process` attaches it in each task, and hands its handle to the code that works on a key.
 */
export interface State<H> {
  readonly kind: 'value' | 'map' | 'list'
  /** Whether what is in it expires. */
  readonly expires: boolean
  /** The store that it lies in. */
  readonly storeOf: (name: string) => StoreDefinition<unknown, unknown>
  readonly attach: (place: StatePlace) => AttachedState<H>
}

/** Where a state is at work. */
export interface StatePlace {
  readonly context: TaskContext
  /** The name of its store. */
  readonly store: string
  /** The key that is worked on. */
  readonly key: () => unknown
  /** Something expires at this time, if it is not written again; `subkey` tells it from others of the key. */
  readonly expiresAt: (timeMs: number, subkey: Uint8Array) => void
}

/** A state at work. */
export interface AttachedState<H> {
  readonly handle: H
  /**
   * Removes what has expired.
   *
   * @returns when it will, if it has not; `undefined` when there is nothing any more
   */
  readonly expire: (key: unknown, subkey: Uint8Array) => number | undefined
}

/** States by name. */
export type States = Readonly<Record<string, State<unknown>>>

/** What the code that works on a key gets of its states. */
export type HandlesOf<S extends States> = { readonly [N in keyof S]: S[N] extends State<infer H> ? H : never }
