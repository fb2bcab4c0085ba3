/** A batch that a producer appended, as far as a repeat of it must be answered. */
interface RememberedBatch {
  readonly sequence: number
  readonly count: number
  readonly baseOffset: number
}

/** What is remembered of a producer on one partition: its epoch, the sequence that must come next, its last batches. */
export interface ProducerState {
  readonly epoch: number
  readonly nextSequence: number
  readonly batches: ReadonlyArray<RememberedBatch>
}

/** How many batches of a producer are remembered; as many as it may have on their way (as Kafka does). */
const batchesMax = 5

const headBytes = 12
const batchBytes = 20

/** The state after one more batch. */
export const withBatch = (state: ProducerState, batch: RememberedBatch): ProducerState => ({
  epoch: state.epoch,
  nextSequence: batch.sequence + batch.count,
  batches: [...state.batches.slice(1 - batchesMax), batch],
})

export const encodeProducer = (state: ProducerState): Buffer => {
  const bytes = Buffer.allocUnsafe(headBytes + state.batches.length * batchBytes)
  bytes.writeUInt32BE(state.epoch, 0)
  bytes.writeDoubleBE(state.nextSequence, 4)
  state.batches.forEach((batch, index) => {
    const at = headBytes + index * batchBytes
    bytes.writeDoubleBE(batch.sequence, at)
    bytes.writeUInt32BE(batch.count, at + 8)
    bytes.writeDoubleBE(batch.baseOffset, at + 12)
  })
  return bytes
}

export const decodeProducer = (bytes: Buffer): ProducerState => {
  const batches: RememberedBatch[] = []
  for (let at = headBytes; at + batchBytes <= bytes.length; at += batchBytes) {
    batches.push({
      sequence: bytes.readDoubleBE(at),
      count: bytes.readUInt32BE(at + 8),
      baseOffset: bytes.readDoubleBE(at + 12),
    })
  }
  return { epoch: bytes.readUInt32BE(0), nextSequence: bytes.readDoubleBE(4), batches }
}
