import type { HoppingWindows } from './hopping.ts'
import type { SessionWindows } from './session.ts'
import type { SlidingWindows } from './sliding.ts'
import type { TumblingWindows } from './tumbling.ts'

/**
 * Whose time it is: `event`, that of the records, or `processing`, that of the clock when a record is processed.
 * By processing time no record is late, and another run gives other windows.
 */
export type TimeKind = 'event' | 'processing'

/** How the records of a key are gathered into windows. */
export type Windows = TumblingWindows | HoppingWindows | SlidingWindows | SessionWindows

/** Options with windows: what comes out carries the `window` that it is of. */
export interface ByWindow {
  readonly window: Windows
}
