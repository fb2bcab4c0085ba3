import { resolve } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The option that every program has. */
export const help = { type: 'boolean', short: 'h', default: false } as const

/** @throws UsageError for an option that is not in the table, or an argument that is none */
export const parseCommandLine = <const Table extends NonNullable<ParseArgsConfig['options']>>(
  args: ReadonlyArray<string>,
  options: Table,
) => {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** @throws UsageError */
export const wholeNumber = (option: string, given: string, min: number, max: number): number => {
  const value = Number(given)
  if (/^\d+$/.test(given) && value >= min && value <= max) return value
  throw new UsageError(`${option} is '${given}'; expected a whole number from ${min} to ${max}`)
}

/** @throws UsageError */
export const folderOf = (option: string, given: string): string => {
  if (given === '') throw new UsageError(`${option} is empty; expected the path of a folder`)
  return resolve(given)
}
