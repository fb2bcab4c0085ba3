import type { Recovery, RunMetrics, RunOptions, StorageRecipe } from '@weir/core'

// What the starter of workers and a worker say to each other. Plain data: it is cloned on its way.

/** Said to a worker. */
export type Order = Start | Stop

/** What a worker is told to do. */
export interface Start {
  readonly _tag: 'Start'
  readonly job: string
  /** The URL of the module that exports the job. */
  readonly module: string
  readonly storage: StorageRecipe
  /** Whether there are workers in other processes. */
  readonly severalProcesses: boolean
  readonly run: RunOptions
}

/** End after the commits on their way. */
export interface Stop {
  readonly _tag: 'Stop'
}

/** Said by a worker. */
export type Report = Measured | Finished | Failed | Exiting

/** What it has done so far; the first one says that its tasks have started. */
export interface Measured {
  readonly _tag: 'Measured'
  readonly metrics: RunMetrics
}

/** The job has ended by itself, or was stopped; it exits now. */
export interface Finished {
  readonly _tag: 'Finished'
  readonly metrics: RunMetrics
}

/** It cannot go on; it exits now. */
export interface Failed {
  readonly _tag: 'Failed'
  readonly failure: Failure
}

/** It ends out of order: its code called `process.exit`, or nobody caught an error. */
export interface Exiting {
  readonly _tag: 'Exiting'
  readonly code: number
}

/** An error as data. */
export interface Failure {
  /** `_tag` of a `WeirError`; the name of any other error. */
  readonly tag: string
  /** Absent for errors that are not Weir's. */
  readonly recovery?: Recovery | undefined
  readonly message: string
  readonly stack?: string | undefined
}
