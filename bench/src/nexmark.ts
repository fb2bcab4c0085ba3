import { cpSync, rmSync } from 'node:fs'
import { Weir } from '@weir/core'
import { appendEvents, decodeEvent, type Event, generate, queries, type Query } from '@weir/nexmark'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { contest, rateOf } from './measure.ts'
import { row } from './rows.ts'

/** Each query of Nexmark in one worker, against the same question answered by a loop over the same JSON in memory. */
export const nexmark = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 10_000 : 200_000
  const rounds = quick ? 1 : 3
  const events = generate({ count, seed: 1 })
  const loaded = path('events')
  const weir = await Weir.open(lmdb(loaded))
  await appendEvents(weir, events)
  await weir.close()
  const rows: Row[] = []
  for (const query of queries) {
    const read = events.filter(({ kind }) => query.reads.includes(kind))
    progress(`${query.name}: ${read.length} events`)
    let runs = 0
    const texts = read.map(({ kind, value }): EventText => ({ kind, text: JSON.stringify(value) }))
    const { base, head } = await contest({
      rounds,
      base: () => rateOf(texts.length, () => answer(query, texts)),
      head: () => {
        const own = path(`${query.name}-${runs++}`)
        cpSync(loaded, own, { recursive: true })
        return runQuery(own, query, texts.length)
      },
    })
    rows.push(
      row({
        name: `Nexmark ${query.name}, ${query.title}: against a loop in memory`,
        value: head,
        unit: 'events/s',
        baseline: base,
      }),
    )
  }
  return rows
}

interface EventText {
  readonly kind: Event['kind']
  readonly text: string
}

const runQuery = async (folder: string, { job }: Query, count: number): Promise<number> => {
  const weir = await Weir.open(lmdb(folder))
  const rate = await rateOf(count, async () => (await weir.run(job, { until: 'end' })).done)
  await weir.close()
  rmSync(folder, { recursive: true })
  return rate
}

const answer = (query: Query, texts: ReadonlyArray<EventText>): number => {
  let bytes = 0
  for (const result of query.inMemory(texts.map(({ kind, text }) => decodeEvent(kind, text)))) {
    bytes += JSON.stringify(result).length
  }
  return bytes
}
