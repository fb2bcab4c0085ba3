import type { Storage, StorageProvider } from '@weir/core'
import { closeCases } from './storage/closeCases.ts'
import { commitCases } from './storage/commitCases.ts'
import { dedupCases } from './storage/dedupCases.ts'
import { fenceCases } from './storage/fenceCases.ts'
import { modelCases } from './storage/modelCases.ts'
import { readCases } from './storage/readCases.ts'
import { refusalCases } from './storage/refusalCases.ts'
import { reopenCases } from './storage/reopenCases.ts'
import { replaceCases } from './storage/replaceCases.ts'
import { rowCases } from './storage/rowCases.ts'
import { sequenceCases } from './storage/sequenceCases.ts'
import { sharedCases } from './storage/sharedCases.ts'
import { sizeCases } from './storage/sizeCases.ts'
import { snapshotCases } from './storage/snapshotCases.ts'
import { trimCases } from './storage/trimCases.ts'
import type { StorageCase } from './storage/StorageCase.ts'

/** One test of a contract, for any test runner: the name states the promise, `run` rejects when it is broken. */
export interface ContractCase {
  readonly name: string
  readonly run: () => Promise<void>
}

/** A storage under test that holds nothing yet. */
export interface ProvidedStorage {
  /** Opened once or more by each case; every `open` must find the same data. */
  readonly provider: StorageProvider
  /** Removes what the case left behind; called when all that it opened is closed. */
  readonly release?: () => void | PromiseLike<void>
}

/** What the suite needs to know of a storage. */
export interface StorageContractOptions {
  /** Leads the names of the cases. */
  readonly name: string
  /** A new, empty storage for each case. */
  readonly provide: () => ProvidedStorage | PromiseLike<ProvidedStorage>
  /** Whether what was committed is there when the provider is opened again after `close`; true by default. */
  readonly reopens?: boolean
  /** Whether the provider may be opened several times at once; true by default. */
  readonly shared?: boolean
  /** The seed of the generated histories; a fixed one by default, so that runs repeat. */
  readonly seed?: number
  /** How many generated histories are compared with a plain model; 50 by default. */
  readonly modelRuns?: number
}

/**
 * What every `Storage` must do, as tests: all that the port's docstrings promise.
 *
 * A case opens an empty storage, asserts with `node:assert`, and closes what it opened. Cases are independent and may run
 * in any order, but not at once when `provide` gives the same place twice. They wait for futures, and up to 10 s where the
 * port promises something without one; a storage on a virtual clock must run its own turns.
 *
 * @example
 * const cases = storageContract({ name: 'memory', provide: () => ({ provider: memory() }), modelRuns: 5 })
 * // with vitest: test(name, run)
 * for (const { run } of cases) await run()
 */
export const storageContract = (options: StorageContractOptions): ReadonlyArray<ContractCase> => {
  const { name, reopens = true, shared = true } = options
  return allCases(options)
    .filter(({ needs }) => (needs !== 'reopen' || reopens) && (needs !== 'shared' || shared))
    .map((storageCase) => ({ name: `${name}: ${storageCase.name}`, run: () => runCase(storageCase, options.provide) }))
}

const allCases = ({ seed = 1, modelRuns = 50, reopens = true }: StorageContractOptions): ReadonlyArray<StorageCase> => [
  ...commitCases,
  ...refusalCases,
  ...fenceCases,
  ...sequenceCases,
  ...dedupCases,
  ...readCases,
  ...rowCases,
  ...snapshotCases,
  ...trimCases,
  ...replaceCases,
  ...sizeCases,
  ...closeCases,
  ...reopenCases,
  ...sharedCases,
  ...modelCases({ seed, runs: modelRuns, reopens }),
]

const runCase = async (storageCase: StorageCase, provide: StorageContractOptions['provide']): Promise<void> => {
  const opened: Storage[] = []
  const provided: ProvidedStorage[] = []
  const fresh = async (): Promise<() => Promise<Storage>> => {
    const one = await provide()
    provided.push(one)
    return async () => {
      const storage = await one.provider.open()
      opened.push(storage)
      return storage
    }
  }
  try {
    const open = await fresh()
    await storageCase.run(await open(), { open, fresh })
  } finally {
    for (const storage of opened) await storage.close()
    for (const { release } of provided) await release?.()
  }
}
