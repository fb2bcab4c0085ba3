import type { SourceRecord } from '../job/Operator.ts'
import type { Headers } from '../model/Headers.ts'
import type { RecordBatch } from '../model/RecordBatch.ts'

/** A record as it lies in its batch, of which each part is made when it is asked for: most are not. */
export class StoredRecord implements SourceRecord {
  readonly #batch: RecordBatch
  readonly #index: number

  constructor(batch: RecordBatch, index: number) {
    this.#batch = batch
    this.#index = index
  }

  get offset(): number {
    return this.#batch.baseOffset + this.#index
  }

  get id(): string | null {
    return this.#batch.id(this.#index)
  }

  get key(): Uint8Array | null {
    return this.#batch.key(this.#index)
  }

  get value(): Uint8Array | null {
    return this.#batch.value(this.#index)
  }

  get encodedValue(): string | Uint8Array | null {
    return this.#batch.valuesAreAscii ? this.#batch.valueText(this.#index) : this.#batch.value(this.#index)
  }

  get timestamp(): number {
    return this.#batch.timestamp(this.#index)
  }

  get headers(): Headers {
    return this.#batch.headers(this.#index)
  }
}
