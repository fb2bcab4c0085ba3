import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { checksPerSecond } from './shop.ts'

/** What the command line asks for. */
export interface Options {
  readonly seconds: number
  /** Requests a second. */
  readonly rate: number
  readonly kills: number
  /** The folder; it is removed at the start. */
  readonly data: string
  readonly help: boolean
}

/** Ten times what two backends do. */
const rateDefault = 20 * checksPerSecond

export const usage = `Usage: node src/main.ts [--seconds N] [--rate N] [--kills N] [--data DIR]

  --seconds N  how long the sale goes on, 1 to 3600 (default: 16)
  --rate N     requests a second, 1 to 100000 (default: ${rateDefault}, ten times what two backends do)
  --kills N    how many processes are killed meanwhile, 0 to 1000 (default: 10)
  --data DIR   the folder for the log and the books (default: .data beside this example; its subfolder 'sale' is removed at the start)
`

const defaultData = fileURLToPath(new URL('../.data', import.meta.url))

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError saying what was given and what is expected */
export const parseOptions = (args: readonly string[]): Options => {
  const { seconds, rate, kills, data, help } = parsed(args)
  if (data === '') throw new UsageError('--data is empty; expected the path of a folder')
  return {
    seconds: wholeNumber('--seconds', seconds, 1, 3_600),
    rate: wholeNumber('--rate', rate, 1, 100_000),
    kills: wholeNumber('--kills', kills, 0, 1_000),
    data: resolve(data),
    help,
  }
}

const wholeNumber = (option: string, given: string, min: number, max: number): number => {
  const value = Number(given)
  if (/^\d+$/.test(given) && value >= min && value <= max) return value
  throw new UsageError(`${option} is '${given}'; expected a whole number from ${min} to ${max}`)
}

interface Parsed {
  readonly seconds: string
  readonly rate: string
  readonly kills: string
  readonly data: string
  readonly help: boolean
}

const parsed = (args: readonly string[]): Parsed => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string', default: '16' },
        rate: { type: 'string', default: String(rateDefault) },
        kills: { type: 'string', default: '10' },
        data: { type: 'string', default: defaultData },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
