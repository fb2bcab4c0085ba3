import { fileURLToPath } from 'node:url'
import { folderOf, help, parseCommandLine, wholeNumber } from '@weir/example-program'

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

/** @throws UsageError saying what was given and what is expected */
export const parseOptions = (args: ReadonlyArray<string>): Options => {
  const given = parseCommandLine(args, {
    keep: { type: 'boolean', default: false },
    data: { type: 'string', default: defaultData },
    kills: { type: 'string', default: '6' },
    help,
  })
  return { ...given, data: folderOf('--data', given.data), kills: wholeNumber('--kills', given.kills, 0, 1_000) }
}
