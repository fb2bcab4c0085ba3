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
