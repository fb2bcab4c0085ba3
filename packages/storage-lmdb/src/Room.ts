import { freeBytes, roomBytesMin } from './failures.ts'

/** With so much room it may be older than the last commit what is known of it. */
const plentyBytes = 256 << 20
const ageMsMax = 100

/**
 * The room on a folder's disk. A write of lmdb that fails half-way for lack of room may damage the memory of the process, so a
 * transaction that may lack it is refused without being tried.
 *
 * Asking the file system takes several microseconds, so while there is plenty it is asked every 100 ms.
 */
export class Room {
  readonly #folder: string
  #bytes = 0
  #askedAt = -Infinity

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Whether a transaction that writes about so many bytes has room. */
  isFor(bytes: number): boolean {
    const now = performance.now()
    // pages are written whole, and what was written is not free any more
    const needed = Math.max(roomBytesMin, 2 * bytes)
    if (this.#bytes - needed < plentyBytes || now - this.#askedAt > ageMsMax) {
      this.#bytes = freeBytes(this.#folder)
      this.#askedAt = now
    }
    const enough = this.#bytes >= needed
    this.#bytes -= needed
    return enough
  }
}
