import { textBytes } from '../codec/textBytes.ts'
import { rowKey, systemStores } from '../ports/rows.ts'
import type { RowReader } from '../ports/Storage.ts'
import type { ProgressPlace } from './Progress.ts'

/**
 * A counter row of a task: it moves with the commits that move neither the position nor event time, so that such a commit
 * too is one that those after it rely on. A task that has made none has no row.
 */
export class TurnRow {
  readonly key: Uint8Array
  #saved: Uint8Array | null

  constructor(rows: RowReader, { job, input, partition }: ProgressPlace) {
    // names have no slash, so it is nobody's progress
    this.key = rowKey(systemStores.progress, partition, textBytes(`${job}/${input}/turn`))
    this.#saved = rows.get(this.key) ?? null
  }

  /** What the row holds once the commits so far are durable; `null` for none. */
  get saved(): Uint8Array | null {
    return this.#saved
  }

  /** The row's new value. */
  next(): Uint8Array {
    const bytes = new Uint8Array(8)
    const before = this.#saved === null ? 0 : viewOf(this.#saved).getFloat64(0)
    viewOf(bytes).setFloat64(0, before + 1)
    this.#saved = bytes
    return bytes
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
