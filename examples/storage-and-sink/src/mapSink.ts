import {
  CompletableFuture,
  type Sink,
  SinkFenced,
  SinkMismatch,
  type SinkPlace,
  type SinkRecord,
  type SinkWriter,
} from '@weir/core'

/** What is outside of one partition of a job: the position in the same place as the rows, so that one step writes both. */
interface Kept<K, V> {
  readonly log: string
  readonly position: number | undefined
  readonly rows: ReadonlyArray<{ readonly key: K; readonly value: V }>
}

/** The outside, by job, topic and partition. Where this Map stands, a database has its table of records and one of positions. */
export type Outside<K, V> = Map<string, Kept<K, V>>

/** What of the outside belongs to a place. */
export const keptAt = <K, V>(outside: Outside<K, V>, { job, topic, partition, log }: SinkPlace): Kept<K, V> =>
  outside.get(JSON.stringify([job, topic, partition])) ?? { log, position: undefined, rows: [] }

/**
 * A sink that writes into a Map, each record once.
 *
 * @param name - unique within a job
 */
export const mapSink = <K, V>(name: string, outside: Outside<K, V>): Sink<K, V> => ({
  name,
  guarantee: 'exactly-once',
  open: (place) => CompletableFuture.supply(() => openWriter(outside, place)),
})

const openWriter = <K, V>(outside: Outside<K, V>, place: SinkPlace): SinkWriter<K, V> => {
  const found = keptAt(outside, place)
  if (found.log !== place.log) {
    throw new SinkMismatch(`it holds records of log ${found.log}, and is given those of ${place.log}`)
  }
  let known = found.position
  return {
    get position() {
      return known
    },
    write: (records: ReadonlyArray<SinkRecord<K, V>>, next: number) =>
      CompletableFuture.supply(() => {
        // From here to `set` is one transaction. The position is compared within it: a look before it is too early.
        const kept = keptAt(outside, place)
        if (kept.position !== known) {
          throw new SinkFenced(`another writer has moved the position from ${known} to ${kept.position}`)
        }
        const rows = [...kept.rows, ...records.map(({ key, value }) => ({ key, value }))]
        outside.set(JSON.stringify([place.job, place.topic, place.partition]), { ...kept, position: next, rows })
        // After it: a write that failed has not moved what is known to be outside.
        known = next
      }),
    close: () => CompletableFuture.completed(undefined),
  }
}
