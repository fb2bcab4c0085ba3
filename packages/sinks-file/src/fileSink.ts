import { CompletableFuture, InvalidOption, type Sink, type SinkRecord, validateName } from '@weir/core'
import { optionNames, requireInteger, requireKnown } from '@weir/core/protocol'
import { FileWriter } from './internal/FileWriter.ts'

/** How records become lines. Made by `jsonLines` and `csvLines`. */
export interface LineFormat<K, V> {
  /** Of the files' names, without the dot. */
  readonly extension: string
  /** The text that each part begins with, such as the names of columns; empty for none. */
  readonly header: string
  /** The lines of records, each with its end; what it throws ends the run. */
  readonly lines: (records: ReadonlyArray<SinkRecord<K, V>>) => string
}

/** Where and how a `fileSink` writes. A part is sealed when any of its bounds is reached. */
export interface FileSinkOptions<K, V> {
  /** Created when it is not there. All parts and what belongs to them must lie on one local file system. */
  readonly folder: string
  readonly format: LineFormat<K, V>
  /** Of the sink, unique within a job; `files` by default. */
  readonly name?: string
  /** Records in a part, at most as many more as a batch has; 1 000 000 by default. */
  readonly partRecordsMax?: number
  /** Bytes in a part, at most as many more as a batch has; 64 MiB by default. */
  readonly partBytesMax?: number
  /** How long a part waits for more records, from its first one on, in ms; a minute by default. */
  readonly partMsMax?: number
}

/**
 * Writes records to files, each line exactly once: a file (a part) appears whole and is never changed after that.
 *
 * Parts are named `<job>~<topic>~<partition>~<from>~<to>.<extension>` by the offsets that they cover, `to` not among them: by name, the parts
 * of a partition are in order. A part is written under `.weir` in the folder, synced, and renamed. Parts may be moved or
 * removed as soon as they are there; what lies in `.weir` may not.
 *
 * The position of the job stays at the beginning of the part that is open: after a crash its records are read again, so that
 * retention has to keep them as long as `partMsMax`. A run to the end seals what is open.
 *
 * @throws InvalidName, InvalidOption. The run fails with `SinkFailed` when the folder cannot be written; a full disk is tried again
 * @example
 * const files = fileSink<string, string>({ folder: 'out', format: jsonLines(({ key, value }) => ({ key, value })) })
 * files.guarantee // => 'exactly-once'
 */
export const fileSink = <K, V>(options: FileSinkOptions<K, V>): Sink<K, V> => {
  const name = options.name ?? 'files'
  validateName('sink', name)
  const what = `sink '${name}'`
  requireKnown(what, options, fileSinkOptionNames)
  const { folder, format, partRecordsMax = 1_000_000, partBytesMax = 64 << 20, partMsMax = 60_000 } = options
  if (typeof folder !== 'string' || folder === '') {
    throw new InvalidOption(`${what}: folder is ${JSON.stringify(folder)}; expected a path`)
  }
  if (typeof (format as Partial<LineFormat<K, V>> | undefined)?.lines !== 'function') {
    throw new InvalidOption(`${what}: format is ${JSON.stringify(format)}; expected jsonLines() or csvLines()`)
  }
  if (!/^[A-Za-z0-9]+$/.test(format.extension)) {
    throw new InvalidOption(
      `${what}: the extension is ${JSON.stringify(format.extension)}; expected letters and digits`,
    )
  }
  requireInteger(`${what}: partRecordsMax`, partRecordsMax, 1, Number.MAX_SAFE_INTEGER)
  requireInteger(`${what}: partBytesMax`, partBytesMax, 1, Number.MAX_SAFE_INTEGER)
  requireInteger(`${what}: partMsMax`, partMsMax, 1, 2 ** 31 - 1)
  const settings = { name, folder, format, partRecordsMax, partBytesMax, partMsMax }
  return {
    name,
    guarantee: 'exactly-once',
    open: (place) => CompletableFuture.supply(() => FileWriter.open(settings, place)),
  }
}

const fileSinkOptionNames = optionNames<FileSinkOptions<unknown, unknown>>({
  folder: true,
  format: true,
  name: true,
  partRecordsMax: true,
  partBytesMax: true,
  partMsMax: true,
})
