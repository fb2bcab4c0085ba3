import { UnknownExchange } from '../errors.ts'

/** An exchange was used that is not there. */
export const unknownExchange = (name: string): UnknownExchange =>
  new UnknownExchange(`exchange '${name}' is not in this storage; expected one that openExchange has made`)
