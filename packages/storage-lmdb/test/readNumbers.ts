import type { ReadResult, Storage } from '@weir/core'

/** The keys of all records of a partition, as numbers. */
export const readNumbers = (storage: Storage, partition: number): ReadonlyArray<number> => {
  const numbers: number[] = []
  let { start: position } = storage.bounds(partition)
  for (;;) {
    const { state } = storage.read(partition, position, { recordsMax: 10_000, bytesMax: 1 << 20 })
    if (state.status !== 'completed')
      throw state.status === 'failed' ? state.error : new Error('a read of lmdb is complete at once')
    const { batches, end }: ReadResult = state.value
    for (const batch of batches)
      for (let index = 0; index < batch.count; index++) numbers.push(Number(batch.keyText(index)))
    const last = batches.at(-1)
    if (last === undefined) return numbers
    position = last.baseOffset + last.count
    if (position > end) throw new Error(`a batch of partition ${partition} ends at ${position}, behind the end ${end}`)
  }
}
