import type { Commit, Committed, CompletableFuture, StorageProvider } from '@weir/core'

/** A storage that asks for leave before each commit. */
export const heldBy = (
  leave: (commit: Commit) => CompletableFuture<void>,
  provider: StorageProvider,
): StorageProvider => ({
  open: () =>
    provider.open().thenApply((storage) => {
      const commit = (given: Commit): CompletableFuture<Committed> =>
        leave(given).thenCompose(() => storage.commit(given))
      return new Proxy(storage, {
        get: (_, name) => {
          if (name === 'commit') return commit
          const member: unknown = Reflect.get(storage, name, storage)
          return typeof member === 'function' ? member.bind(storage) : member
        },
      })
    }),
})
