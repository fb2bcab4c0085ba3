export {
  type ContractCase,
  type ProvidedStorage,
  storageContract,
  type StorageContractOptions,
} from './storageContract.ts'
