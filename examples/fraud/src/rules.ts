import { minutes } from '@weir/core'

/** A card that was stolen is tried with a small charge first. */
export const smallCents = 100
/** A large charge so soon after a small one is suspicious. */
export const largeCents = 50_000
export const tryWithinMs: number = minutes(1)

/** Whoever is charged so much has to confirm it, so soon. */
export const confirmedCents = 100_000
export const confirmWithinMs: number = minutes(2)
