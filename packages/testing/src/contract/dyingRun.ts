import {
  type Commit,
  CompletableFuture,
  type Job,
  type RunOptions,
  type Sink,
  type Storage,
  type StorageProvider,
  Weir,
} from '@weir/core'

/** A moment in the life of a batch on its way into a sink. */
export type SinkMoment = 'before the write' | 'after the write' | 'before the commit' | 'after the commit'

/** All of them, in order. The second and third differ for a sink that gathers: its write may have let nothing out. */
export const sinkMoments: ReadonlyArray<SinkMoment> = [
  'before the write',
  'after the write',
  'before the commit',
  'after the commit',
]

/** A run of a job with a sink, in a process that is to die. */
export interface DyingRun {
  readonly provider: StorageProvider
  /** The job, over the sink as it is given back by `dying`. */
  readonly job: (dying: <K, V>(sink: Sink<K, V>) => Sink<K, V>) => Job
  readonly run?: RunOptions
  /** When the process dies; it does not by default. */
  readonly dies?: { readonly at: SinkMoment; readonly nth: number } | undefined
  /** How it dies; `kill -9` of this process by default. A write waits for what it gives, if that is a promise. */
  readonly die?: () => unknown
}

/**
 * Runs a job to its end, in a process that is killed on the way, at the n-th time that a moment comes: for tests of a sink
 * with real processes. The moments of commits count those that move a position.
 *
 * @returns when the run is at its end
 */
export const dyingRun = async ({ provider, job, run = {}, dies, die = killThis }: DyingRun): Promise<void> => {
  let left = dies?.nth ?? 0
  const passes = (moment: SinkMoment): unknown => (dies?.at === moment && --left === 0 ? die() : undefined)
  const weir = await Weir.open({
    ...provider,
    open: () => provider.open().thenApply((storage) => dyingStorage(storage, passes)),
  })
  const running = await weir.run(
    job((sink) => dyingSink(sink, passes)),
    { ...run, until: 'end' },
  )
  await running.done
  await weir.close()
}

/** Ends this process as a kill from outside does, and does nothing more until it is dead. */
export const killThis = (): void => {
  process.kill(process.pid, 'SIGKILL')
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
}

const dyingSink = <K, V>(sink: Sink<K, V>, passes: (moment: SinkMoment) => unknown): Sink<K, V> => ({
  name: sink.name,
  guarantee: sink.guarantee,
  open: (place) =>
    sink.open(place).thenApply(
      (writer) =>
        new Proxy(writer, {
          get: (target, property) => {
            if (property === 'write') {
              return (...write: Parameters<typeof writer.write>) =>
                CompletableFuture.supply(() => passes('before the write'))
                  .thenCompose(() => target.write(...write))
                  .thenRun(() => passes('after the write'))
            }
            return boundTo(target, property)
          },
        }),
    ),
})

const dyingStorage = (storage: Storage, passes: (moment: SinkMoment) => unknown): Storage =>
  new Proxy(storage, {
    get: (target, property) => {
      if (property !== 'commit') return boundTo(target, property)
      return (commit: Commit) => {
        const moves = commit.positions.some(({ from, next }) => next !== from)
        if (moves) passes('before the commit')
        return target.commit(commit).thenApply((committed) => {
          if (moves) passes('after the commit')
          return committed
        })
      }
    },
  })

const boundTo = (target: object, property: string | symbol): unknown => {
  const value: unknown = Reflect.get(target, property, target)
  return typeof value === 'function' ? value.bind(target) : value
}
