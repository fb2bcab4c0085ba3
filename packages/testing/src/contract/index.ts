export { clockContract, type ClockContractOptions, type ProvidedClock } from './clockContract.ts'
export { codecContract, type CodecContractOptions } from './codecContract.ts'
export { type DyingRun, dyingRun, killThis, type SinkMoment, sinkMoments } from './dyingRun.ts'
export { type ProvidedSink, sinkContract, type SinkContractOptions } from './sinkContract.ts'
export type { SinkRow, TextSink } from './sink/SinkCase.ts'
export {
  type ContractCase,
  type ProvidedStorage,
  storageContract,
  type StorageContractOptions,
} from './storageContract.ts'
