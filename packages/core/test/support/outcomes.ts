import type { CompletableFuture } from '../../src/future/CompletableFuture.ts'
import type { WeirError } from '../../src/model/errors.ts'

/** What each future has come to by now: its value, the tag of its failure, or 'pending'. */
export const outcomesOf = (futures: ReadonlyArray<CompletableFuture<unknown>>): ReadonlyArray<unknown> =>
  futures.map(({ state }) => {
    if (state.status === 'completed') return state.value
    return state.status === 'pending' ? 'pending' : ((state.error as WeirError)._tag ?? state.error)
  })
