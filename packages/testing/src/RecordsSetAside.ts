import { WeirError } from '@weir/core'

/** The job under test could not process or decode records, and has set them aside. The message says which, and what was thrown. */
export class RecordsSetAside extends WeirError {
  readonly _tag = 'RecordsSetAside'
  readonly recovery = 'stop'
}
