export { appendEvents, decodeEvent } from './events.ts'
export { type Event, generate } from './generate.ts'
export { queries } from './queries/index.ts'
export type { Query } from './Query.ts'
