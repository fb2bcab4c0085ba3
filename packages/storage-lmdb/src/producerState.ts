import type { AnsweredBatch, ProducerState } from '@weir/core/storage'

/**
 * A producer's state as the value of its key, f64 throughout: epoch, next sequence, then for each answered batch its
 * sequence, count, base offset, the number of offsets (-1: they follow each other) and the offsets.
 */
export const encodeProducerState = ({ epoch, nextSequence, answered }: ProducerState): Uint8Array => {
  let length = 2
  for (const { offsets } of answered) length += 4 + (offsets?.length ?? 0)
  const bytes = new Uint8Array(length * 8)
  const view = new DataView(bytes.buffer)
  view.setFloat64(0, epoch, true)
  view.setFloat64(8, nextSequence, true)
  let at = 16
  for (const { sequence, count, baseOffset, offsets } of answered) {
    view.setFloat64(at, sequence, true)
    view.setFloat64(at + 8, count, true)
    view.setFloat64(at + 16, baseOffset, true)
    view.setFloat64(at + 24, offsets?.length ?? -1, true)
    at += 32
    if (offsets === undefined) continue
    for (const offset of offsets) {
      view.setFloat64(at, offset, true)
      at += 8
    }
  }
  return bytes
}

/** The state in a value; undefined for a producer not seen in the partition. */
export const decodeProducerState = (bytes: Uint8Array | undefined): ProducerState | undefined => {
  if (bytes === undefined) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = 0
  const next = (): number => {
    const number = view.getFloat64(at, true)
    at += 8
    return number
  }
  const epoch = next()
  const nextSequence = next()
  const answered: AnsweredBatch[] = []
  while (at < bytes.length) {
    const sequence = next()
    const count = next()
    const baseOffset = next()
    const offsetCount = next()
    const offsets = offsetCount < 0 ? undefined : Array.from({ length: offsetCount }, next)
    answered.push({ sequence, count, baseOffset, offsets })
  }
  return { epoch, nextSequence, answered }
}
