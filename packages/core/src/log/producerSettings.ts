import { optionNames } from './optionNames.ts'
import { requireKnown } from './requireKnown.ts'
import { requireInteger } from './Topic.ts'

/** How a producer gathers records into commits, and how much it holds. */
export interface ProducerOptions {
  /** How long a batch waits for more records, in ms; by default until this turn of the event loop is over. `flush` does not wait. */
  readonly lingerMs?: number
  /** A batch is closed at this size; 64 KiB by default. */
  readonly batchBytesMax?: number
  /** A commit is started at this size without waiting for the end of the turn; 1 MiB by default. */
  readonly commitBytesMax?: number
  /**
   * The bound of what is appended and not yet on disk, beside one open batch a partition; 32 MiB by default.
   * More is refused with `BufferFull`.
   */
  readonly bufferBytesMax?: number
  /** How many commits may be on their way at once; 4 by default. */
  readonly inFlightCommitsMax?: number
}

/** `ProducerOptions`, complete and checked. */
export interface ProducerSettings {
  readonly lingerMs: number
  readonly batchBytesMax: number
  readonly commitBytesMax: number
  readonly bufferBytesMax: number
  readonly inFlightCommitsMax: number
}

const producerOptionNames = optionNames<ProducerOptions>({
  lingerMs: true,
  batchBytesMax: true,
  commitBytesMax: true,
  bufferBytesMax: true,
  inFlightCommitsMax: true,
})

/** @throws InvalidOption */
export const producerSettings = (options: ProducerOptions): ProducerSettings => {
  requireKnown('producer', options, producerOptionNames)
  const settings = {
    lingerMs: options.lingerMs ?? 0,
    batchBytesMax: options.batchBytesMax ?? 64 * 1024,
    commitBytesMax: options.commitBytesMax ?? 1 << 20,
    bufferBytesMax: options.bufferBytesMax ?? 32 << 20,
    inFlightCommitsMax: options.inFlightCommitsMax ?? 4,
  }
  requireInteger('producer: lingerMs', settings.lingerMs, 0, 60_000)
  requireInteger('producer: batchBytesMax', settings.batchBytesMax, 1, 16 << 20)
  requireInteger('producer: commitBytesMax', settings.commitBytesMax, 1, 64 << 20)
  requireInteger('producer: bufferBytesMax', settings.bufferBytesMax, 1, 2 ** 31)
  requireInteger('producer: inFlightCommitsMax', settings.inFlightCommitsMax, 1, 5)
  return settings
}
