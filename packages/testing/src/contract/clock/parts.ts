import assert from 'node:assert/strict'
import type { ProvidedClock } from '../clockContract.ts'

/** Timers of the machine are rounded to whole milliseconds, its monotonic time is not. */
export const roundingMs = 1

/** Lets time pass until something holds. */
export const until = async ({ pass }: ProvidedClock, what: string, holds: () => boolean): Promise<void> => {
  for (let passed = 0; passed < patience && !holds(); passed++) await pass(5)
  assert.ok(holds(), `after ${patience * 5} ms it still does not hold that ${what}`)
}

/** Waits until a chain of microtasks that begins now is over. */
export const microtasks = async (): Promise<void> => {
  for (let depth = 0; depth < 20; depth++) await Promise.resolve()
}

const patience = 1_000
