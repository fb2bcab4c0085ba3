import { expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'

/** Fails from a callback that none of the callers is in. */
const failing = (error: unknown): CompletableFuture<number> => {
  const future = new CompletableFuture<number>()
  setTimeout(() => future.completeExceptionally(error), 0)
  return future
}

async function appending(error: unknown, failed = failing(error)): Promise<number> {
  return 1 + (await failed)
}

const stackOf = async (run: () => Promise<unknown>): Promise<string> => {
  try {
    await run()
  } catch (error) {
    return (error as Error).stack!
  }
  throw new Error('it has not failed')
}

test('a failure shows the lines of the program that awaits it, also when it came before that', async () => {
  const lines = /at (async )?appending .*rejection\.test\.ts:\d+/
  expect(await stackOf(async () => appending(new Error('no')))).toMatch(lines)
  expect(await stackOf(async () => appending(new Error('no'), CompletableFuture.failed(new Error('early'))))).toMatch(
    lines,
  )
})

test('a failure shows the lines of the first to await it only, and none twice', async () => {
  const error = new Error('no')
  const first = await stackOf(async () => appending(error))
  expect(await stackOf(async () => appending(error))).toBe(first)
  expect(first.match(/at (async )?appending/g)).toHaveLength(1)
})

test('a failure that is no error, or is frozen, comes through as it is', async () => {
  for (const error of ['no', Object.freeze(new Error('frozen'))]) {
    await expect(appending(error)).rejects.toBe(error)
  }
})
