export {
  crashAfter,
  crashBefore,
  failWith,
  type Fault,
  type FaultPlan,
  type FaultRule,
  slow,
  storageFull,
  strike,
  unknownOutcome,
} from './Fault.ts'
export {
  always,
  and,
  everyNth,
  type FaultCall,
  type FaultOperation,
  type FaultPredicate,
  not,
  nth,
  on,
  or,
  where,
  withChance,
} from './faultPredicates.ts'
export { type MemoryDisk, memoryDisk } from './MemoryDisk.ts'
export { memory, type MemoryOptions, type MemoryProvider, memoryStorage, type MemoryStorage } from './memoryStorage.ts'
export { seededRandom } from './seededRandom.ts'
export {
  ClockNotSettled,
  type PendingTimer,
  type VirtualClock,
  virtualClock,
  type VirtualClockOptions,
} from './virtualClock.ts'
export {
  type FaultOptions,
  type FaultyProvider,
  type FaultyStorage,
  providerWithFaults,
  withFaults,
} from './withFaults.ts'
