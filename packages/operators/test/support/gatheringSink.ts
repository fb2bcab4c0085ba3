import { CompletableFuture, type Sink, SinkFenced, type SinkRecord } from '@weir/core'

/** A sink that gathers records and lets them out in parts of so many, or after a second, or when asked. */
export interface GatheringSink extends Sink<string, string> {
  readonly parts: ReadonlyArray<ReadonlyArray<SinkRecord<string, string>>>
}

/** What is gathered is lost with its writer. */
export const gatheringSink = (partRecords: number): GatheringSink => {
  const parts: Array<ReadonlyArray<SinkRecord<string, string>>> = []
  const positions = new Map<number, number>()
  return {
    name: 'gathering',
    guarantee: 'exactly-once',
    parts,
    open: ({ partition, clock }) => {
      let gathered: Array<SinkRecord<string, string>> = []
      let next = 0
      let known = positions.get(partition)
      let since = Infinity
      const flush = (): CompletableFuture<void> =>
        CompletableFuture.supply(() => {
          if (gathered.length === 0) return
          if (positions.get(partition) !== known) throw new SinkFenced('another one was here')
          parts.push(gathered)
          positions.set(partition, next)
          known = next
          gathered = []
          since = Infinity
        })
      return CompletableFuture.completed({
        get position() {
          return known
        },
        get flushDueMs() {
          return since + 1_000
        },
        write: (records, to) => {
          gathered.push(...records)
          next = to
          since = Math.min(since, clock.now())
          return gathered.length >= partRecords ? flush() : CompletableFuture.completed(undefined)
        },
        flush,
        close: () => CompletableFuture.completed(undefined),
      })
    },
  }
}
