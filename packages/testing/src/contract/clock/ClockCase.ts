import type { ProvidedClock } from '../clockContract.ts'

/** A promise of the port of clocks, and the test of it. */
export interface ClockCase {
  readonly name: string
  readonly run: (provided: ProvidedClock) => Promise<void>
}
