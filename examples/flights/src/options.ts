import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** What the command line asks for. */
export interface Options {
  /** Go on with what is in the folder, instead of beginning afresh. */
  readonly keep: boolean
  /** The folder; the log is in its subfolder `log`. */
  readonly data: string
  readonly kills: number
  readonly help: boolean
}

export const usage = `Usage: node src/main.ts [--keep] [--data DIR] [--kills N]

  --keep       go on with what an earlier start has left, instead of beginning afresh
  --data DIR   the folder for the log (default: .data beside this example; its subfolder 'log' is removed at a fresh start)
  --kills N    how often a worker is killed on the way, 0 to 1000 (default: 6)
`

const defaultData = fileURLToPath(new URL('../.data', import.meta.url))

/** A mistake on the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws UsageError saying what was given and what is expected */
export const parseOptions = (args: readonly string[]): Options => {
  const { keep, data, kills, help } = parsed(args)
  const killCount = Number(kills)
  if (!/^\d+$/.test(kills) || killCount > 1_000) {
    throw new UsageError(`--kills is '${kills}'; expected a whole number from 0 to 1000`)
  }
  if (data === '') throw new UsageError('--data is empty; expected the path of a folder')
  return { keep, data: resolve(data), kills: killCount, help }
}

const parsed = (args: readonly string[]): { keep: boolean; data: string; kills: string; help: boolean } => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        keep: { type: 'boolean', default: false },
        data: { type: 'string', default: defaultData },
        kills: { type: 'string', default: '6' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}
