export { RunningWorkers, type WorkerState, type WorkerStatus } from './RunningWorkers.ts'
export { type Placement, runWorkers, type WorkerOptions, type WorkerRunOptions } from './runWorkers.ts'
export { WorkerFailed } from './WorkerFailed.ts'
