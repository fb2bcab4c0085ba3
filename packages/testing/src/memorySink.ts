import {
  CompletableFuture,
  type Sink,
  SinkFenced,
  SinkMismatch,
  type SinkPlace,
  type SinkRecord,
  type SinkWriter,
} from '@weir/core'

/** A sink that keeps what was written in memory, for tests: exactly once, and the same over restarts of the job. */
export interface MemorySink<K, V> extends Sink<K, V> {
  /** What is outside, partition by partition in order: of one job, topic and partition, or of all. */
  records(of?: Partial<Pick<SinkPlace, 'job' | 'topic' | 'partition'>>): ReadonlyArray<SinkRecord<K, V>>
  /** Makes the outside anew: nothing was ever written. What writers that are still at work write is nowhere. */
  clear(): void
}

/**
 * A sink in memory. What was written stays for as long as this value lives, whatever happens to the job.
 *
 * @param name - unique within a job
 * @example
 * import { job, topic, utf8 } from '@weir/core'
 * import { sink } from '@weir/operators'
 *
 * const lines = topic('lines', { key: utf8, value: utf8 })
 * const outside = memorySink<string, string>('outside')
 * const driver = await jobDriver(job('copy').from(lines).pipe(sink(outside)))
 * await driver.send(lines, [{ key: 'k', value: 'first' }])
 * driver.crash()
 * await driver.restart()
 * outside.records().map(({ value }) => value) // => ['first']
 */
export const memorySink = <K, V>(name = 'memory'): MemorySink<K, V> => {
  const places = new Map<string, Place<K, V>>()
  return {
    name,
    guarantee: 'exactly-once',
    open: (at) =>
      CompletableFuture.supply(() => {
        const key = JSON.stringify([at.job, at.topic, at.partition])
        const place: Place<K, V> = places.get(key) ?? { at, position: undefined, records: [] }
        if (place.at.log !== at.log) {
          throw new SinkMismatch(`it holds records of log ${place.at.log}, and is given those of ${at.log}`)
        }
        places.set(key, place)
        return new MemoryWriter(place)
      }),
    records: ({ job, topic, partition } = {}) =>
      [...places.values()]
        .filter(({ at }) => (job ?? at.job) === at.job && (topic ?? at.topic) === at.topic)
        .filter(({ at }) => (partition ?? at.partition) === at.partition)
        .flatMap(({ records }) => records),
    clear: () => places.clear(),
  }
}

interface Place<K, V> {
  readonly at: SinkPlace
  position: number | undefined
  readonly records: Array<SinkRecord<K, V>>
}

class MemoryWriter<K, V> implements SinkWriter<K, V> {
  readonly #place: Place<K, V>
  position: number | undefined

  constructor(place: Place<K, V>) {
    this.#place = place
    this.position = place.position
  }

  write(records: ReadonlyArray<SinkRecord<K, V>>, next: number): CompletableFuture<void> {
    return CompletableFuture.supply(() => {
      if (this.#place.position !== this.position) {
        throw new SinkFenced(`another writer has moved the position from ${this.position} to ${this.#place.position}`)
      }
      this.#place.records.push(...records)
      this.#place.position = next
      this.position = next
    })
  }

  close(): CompletableFuture<void> {
    return CompletableFuture.completed(undefined)
  }
}
