import { commitMutants } from './commitMutants.ts'
import { handlerMutants } from './handlerMutants.ts'
import type { Mutant } from './Mutant.ts'
import { operatorMutants } from './operatorMutants.ts'
import { storageMutants } from './storageMutants.ts'
import { storeMutants } from './storeMutants.ts'
import { taskMutants } from './taskMutants.ts'

/** All of them. */
export const mutants: ReadonlyArray<Mutant> = [
  ...commitMutants,
  ...storeMutants,
  ...operatorMutants,
  ...handlerMutants,
  ...taskMutants,
  ...storageMutants,
]
