import { fileURLToPath } from 'node:url'
import { folderOf, help, parseCommandLine, wholeNumber } from '@weir/example-program'

/** What the command line asks for. */
export interface Options {
  readonly kills: number
  /** The folder; the log is in its subfolder `log`. */
  readonly data: string
  readonly help: boolean
}

export const usage = `Usage: node src/main.ts [--kills N] [--data DIR]

  --kills N    how often a worker is killed on the way, 0 to 1000 (default: 5)
  --data DIR   the folder for the log (default: .data beside this example; its subfolder 'log' is removed at the start)
`

const defaultData = fileURLToPath(new URL('../.data', import.meta.url))

/** @throws UsageError saying what was given and what is expected */
export const parseOptions = (args: ReadonlyArray<string>): Options => {
  const given = parseCommandLine(args, {
    kills: { type: 'string', default: '5' },
    data: { type: 'string', default: defaultData },
    help,
  })
  return { ...given, kills: wholeNumber('--kills', given.kills, 0, 1_000), data: folderOf('--data', given.data) }
}
