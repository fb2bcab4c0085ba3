import { CompletableFuture, type Sink, SinkFenced, SinkMismatch, type SinkPlace, type SinkRecord } from '@weir/core'
import { callbackSink } from '@weir/operators'
import { memorySink } from '@weir/testing'
import { type ProvidedSink, sinkContract } from '@weir/testing/contract'
import { describe, expect, test } from 'vitest'

type Text = SinkRecord<string, string | null>

const memory = (): ProvidedSink => {
  const sink = memorySink<string, string | null>()
  return {
    sink,
    rows: async (place) => sink.records(place),
  }
}

describe('a right sink', () => {
  for (const { name, run } of sinkContract({ name: 'memory', provide: memory })) test(name, run)

  const calls = (): ProvidedSink => {
    const rows: Array<{ readonly key: string; readonly value: string | null }> = []
    return {
      sink: callbackSink<string, string | null>('calls', ({ key, value }) => rows.push({ key, value })),
      rows: async () => rows,
    }
  }
  for (const { name, run } of sinkContract({ name: 'calls', provide: calls, guarantee: 'at-least-once' }))
    test(name, run)
})

/** A sink with a fault: what is outside, by place, and what a writer does. */
interface Kept {
  readonly records: Text[]
  position: number | undefined
  log: string
}

/** What a wrong sink does otherwise. */
interface Faults {
  readonly isFenced: boolean
  readonly checksLog: boolean
  readonly keepsPosition: boolean
  readonly positionLate: boolean
  readonly dropsLast: boolean
  readonly oneForAll: boolean
}

const right: Faults = {
  isFenced: true,
  checksLog: true,
  keepsPosition: true,
  positionLate: false,
  dropsLast: false,
  oneForAll: false,
}

const built = (faults: Partial<Faults>): ProvidedSink => {
  const { isFenced, checksLog, keepsPosition, positionLate, dropsLast, oneForAll } = { ...right, ...faults }
  const places = new Map<string, Kept>()
  const keptOf = ({ job, topic, partition, log }: SinkPlace): Kept => {
    const key = oneForAll ? topic : `${job}/${topic}/${partition}`
    const kept = places.get(key) ?? { records: [], position: undefined, log }
    places.set(key, kept)
    return kept
  }
  const sink: Sink<string, string | null> = {
    name: 'built',
    guarantee: 'exactly-once',
    open: (place) =>
      CompletableFuture.supply(() => {
        const kept = keptOf(place)
        if (checksLog && kept.log !== place.log) throw new SinkMismatch('another log')
        let known = keepsPosition ? kept.position : undefined
        return {
          get position() {
            return known
          },
          write: (records: ReadonlyArray<Text>, next: number) =>
            CompletableFuture.supply(() => {
              if (isFenced && kept.position !== known && keepsPosition) throw new SinkFenced('another writer')
              kept.records.push(...(dropsLast && records.length > 1 ? records.slice(0, -1) : records))
              kept.position = positionLate ? known : next
              known = next
            }),
          close: () => CompletableFuture.completed(undefined),
        }
      }),
  }
  return { sink, rows: async (place) => keptOf(place).records }
}

const broken = async (faults: Partial<Faults>): Promise<ReadonlyArray<string>> => {
  const found: string[] = []
  for (const { name, run } of sinkContract({ name: '', provide: () => built(faults) })) {
    await run().catch(() => found.push(name.slice(2)))
  }
  return found
}

describe('the contract', () => {
  test('has nothing against a right one', async () => expect(await broken({})).toEqual([]))

  test.each<[string, Partial<Faults>, string]>([
    [
      'that does not fence',
      { isFenced: false },
      'a writer writes nothing once another one has written for its partition',
    ],
    ['that does not fence', { isFenced: false }, 'whatever happens to several owners, each record is outside once'],
    ['that takes any log', { checksLog: false }, 'what came from another log is refused'],
    [
      'that forgets its position',
      { keepsPosition: false },
      'a writer that is opened after another was closed finds its',
    ],
    [
      'that keeps the position of the write before',
      { positionLate: true },
      'a writer that is opened after another was',
    ],
    ['that loses a record of a batch', { dropsLast: true }, 'what was written and flushed is outside'],
    ['that has one position for all partitions', { oneForAll: true }, 'partitions, topics and jobs do not know'],
  ])('finds a sink %s', async (_, faults, promise) => {
    expect((await broken(faults)).filter((name) => name.startsWith(promise)).length).toBe(1)
  })
})
