import type { Findings } from '@weir/core/doctor'
import { batchesRemembered, CorruptBatch, type ProducerState, RecordBatch, type Tail } from '@weir/core/storage'
import type { FolderSnapshot } from '../FolderSnapshot.ts'
import { logKey, producerKey } from '../keys.ts'
import { decodeProducerState } from '../producerState.ts'

/** Looks whether what is remembered of a partition's producers fits to its batches. */
export class ProducerCheck {
  readonly #snapshot: FolderSnapshot
  readonly #findings: Findings
  readonly #where: string
  readonly #partition: number
  readonly #tail: Tail

  constructor(snapshot: FolderSnapshot, findings: Findings, where: string, partition: number, tail: Tail) {
    this.#snapshot = snapshot
    this.#findings = findings
    this.#where = where
    this.#partition = partition
    this.#tail = tail
  }

  /** A batch of any producer, or of none. */
  seeBatch({ producerId, producerEpoch, sequence, count, baseOffset }: RecordBatch): void {
    if (producerId === 0) return
    const state = this.#stateOf(producerId)
    const wrong = (what: string): void => this.#wrong(producerId, `of its batch at offset ${baseOffset} ${what}`)
    if (state === undefined) wrong('nothing is remembered')
    else if (state.epoch < producerEpoch) wrong(`the epoch is ${producerEpoch}; remembered is ${state.epoch}`)
    else if (state.epoch === producerEpoch && state.nextSequence < sequence + count)
      wrong(`the last sequence is ${sequence + count - 1}; expected is ${state.nextSequence} next`)
  }

  /** What is stored of a producer. @returns whether the key is one of a producer */
  see(key: Uint8Array, value: Uint8Array): boolean {
    const isProducer = key.length === 14 && key[5] === 2
    if (!isProducer) return false
    this.#findings.looked('producers')
    const id = Number(Buffer.from(key).readBigUInt64BE(6))
    const state = safelyDecoded(value)
    if (state === undefined || !isState(state)) {
      this.#wrong(id, `${value.length} bytes are remembered, which do not say what`)
      return true
    }
    const { nextSequence, answered } = state
    const last = answered.at(-1)
    if (last !== undefined && last.sequence + last.count !== nextSequence)
      this.#wrong(
        id,
        `its last batch ends before sequence ${last.sequence + last.count}; expected is ${nextSequence} next`,
      )
    for (const { baseOffset, sequence, count, offsets } of answered) {
      const end = offsets === undefined ? baseOffset + count : Math.max(...offsets) + 1
      if (end > this.#tail.end)
        this.#wrong(id, `a batch was answered with offsets before ${end}; the partition ends at ${this.#tail.end}`)
      else if (offsets === undefined && baseOffset >= this.#tail.start) this.#compare(id, baseOffset, sequence)
    }
    return true
  }

  /** The batch that was answered so is still there, unless compaction has put another one in its place. */
  #compare(id: number, baseOffset: number, sequence: number): void {
    const stored = this.#snapshot.before(logKey(this.#partition, baseOffset), logKey(this.#partition, 0))
    if (stored === undefined) return
    try {
      const batch = RecordBatch.view(stored.value, baseOffset)
      const isReplaced = batch.keptCount !== batch.count
      if (!isReplaced && (batch.producerId !== id || batch.sequence !== sequence))
        this.#wrong(id, `its batch of sequence ${sequence} is not at offset ${baseOffset}, with which it was answered`)
    } catch (error) {
      if (!(error instanceof CorruptBatch)) throw error
    }
  }

  #stateOf(id: number): ProducerState | undefined {
    const stored = this.#snapshot.get(producerKey(this.#partition, id))
    return stored === undefined ? undefined : safelyDecoded(stored)
  }

  #wrong(id: number, what: string): void {
    this.#findings.wrong('producers', `${this.#where} producer ${id}`, what)
  }
}

const safelyDecoded = (bytes: Uint8Array): ProducerState | undefined => {
  try {
    return decodeProducerState(bytes)
  } catch {
    // the numbers end in the middle of one
    return undefined
  }
}

const isState = ({ epoch, nextSequence, answered }: ProducerState): boolean =>
  [epoch, nextSequence].every(isCount) &&
  answered.length <= batchesRemembered &&
  answered.every(({ sequence, count, baseOffset }) => [sequence, count, baseOffset].every(isCount))

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0
