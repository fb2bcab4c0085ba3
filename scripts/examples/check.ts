import { inspect, isDeepStrictEqual } from 'node:util'

/** Throws with the place, the given and the expected when an example is not as its `// =>` says. */
export const check = (given: unknown, expected: unknown, at: string): void => {
  if (!isDeepStrictEqual(given, expected)) {
    throw new Error(`${at}: given ${inspect(given)}, expected ${inspect(expected)}`)
  }
}
