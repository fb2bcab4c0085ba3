import { fileURLToPath } from 'node:url'
import { folderOf, help, parseCommandLine, wholeNumber } from '@weir/example-program'
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

/** @throws UsageError saying what was given and what is expected */
export const parseOptions = (args: ReadonlyArray<string>): Options => {
  const given = parseCommandLine(args, {
    seconds: { type: 'string', default: '16' },
    rate: { type: 'string', default: String(rateDefault) },
    kills: { type: 'string', default: '10' },
    data: { type: 'string', default: defaultData },
    help,
  })
  return {
    seconds: wholeNumber('--seconds', given.seconds, 1, 3_600),
    rate: wholeNumber('--rate', given.rate, 1, 100_000),
    kills: wholeNumber('--kills', given.kills, 0, 1_000),
    data: folderOf('--data', given.data),
    help: given.help,
  }
}
