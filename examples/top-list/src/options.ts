import { fileURLToPath } from 'node:url'
import { folderOf, help, parseCommandLine, wholeNumber } from '@weir/example-program'

/** What the command line asks for. */
export interface Options {
  readonly clicks: number
  /** The folder; the log is in its subfolder `log`. */
  readonly data: string
  readonly help: boolean
}

export const usage = `Usage: node src/main.ts [--clicks N] [--data DIR]

  --clicks N   how many clicks there are, 1000 to 10000000 (default: 300000)
  --data DIR   the folder for the log (default: .data beside this example; its subfolder 'log' is removed at the start)
`

const defaultData = fileURLToPath(new URL('../.data', import.meta.url))

/** @throws UsageError saying what was given and what is expected */
export const parseOptions = (args: ReadonlyArray<string>): Options => {
  const given = parseCommandLine(args, {
    clicks: { type: 'string', default: '300000' },
    data: { type: 'string', default: defaultData },
    help,
  })
  return {
    ...given,
    clicks: wholeNumber('--clicks', given.clicks, 1_000, 10_000_000),
    data: folderOf('--data', given.data),
  }
}
