import { InvalidOption } from '@weir/core'

const workersMax = 1_024

/** @throws InvalidOption for a number of workers that there cannot be */
export const requireWorkers = (what: string, count: number): void => {
  if (Number.isSafeInteger(count) && count >= 1 && count <= workersMax) return
  throw new InvalidOption(`${what} is ${count}; expected a whole number from 1 to ${workersMax}`)
}
