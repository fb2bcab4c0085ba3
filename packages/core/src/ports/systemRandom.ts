import type { Random } from './Random.ts'

/** The platform's own random numbers: not for secrets. */
export const systemRandom: Random = { next: () => Math.random() }
