import { bytes, topic, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { delayJob, delayTopic, flightTopic, writeFlights } from './delayJob.ts'
import { collectGarbage, rateOf } from './measure.ts'
import { type Resident, watchMemory } from './memory.ts'
import { row } from './rows.ts'
import { byteRecords } from './samples.ts'

/** A long backlog against a short one, measured short long short: throughput, and memory over the long one. */
export const backlog = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const [long, short] = quick ? [500_000, 50_000] : [10_000_000, 1_000_000]
  const counts = quick ? '500 k records against 50 k (quick)' : '10 M records against 1 M'
  const measures = [
    { what: 'append', measure: appendAndConsume },
    { what: 'job', measure: runJob },
  ]
  const rows: Row[] = []
  for (const { what, measure } of measures) {
    const results: Measured[] = []
    for (const [index, count] of [short, long, short].entries()) {
      progress(`${what}: ${count} records`)
      collectGarbage()
      results.push(await measure(path(`${what}-${index}`), count))
    }
    const [before, head, after] = results as [Measured, Measured, Measured]
    for (const subject of head.rates.keys()) {
      rows.push(
        row({
          name: `${subject}: ${counts}`,
          value: head.rates.get(subject)!,
          unit: 'records/s',
          baseline: (before.rates.get(subject)! + after.rates.get(subject)!) / 2,
          budget: { of: 'ratio', atLeast: 0.9 },
        }),
      )
    }
    const name = `resident at most while ${head.memoryOf} ${quick ? '500 k (quick)' : '10 M'} records`
    rows.push(
      row({
        name: `${name}: the process's own`,
        value: head.memory.own,
        unit: 'MB',
        baseline: (before.memory.own + after.memory.own) / 2,
        budget: { of: 'value', atMost: 300 },
      }),
      row({ name: `${name}: page cache, mapped`, value: head.memory.mapped, unit: 'MB' }),
    )
  }
  return rows
}

interface Measured {
  readonly rates: ReadonlyMap<string, number>
  readonly memoryOf: string
  readonly memory: Resident
}

const appendAndConsume = async (folder: string, count: number): Promise<Measured> => {
  const weir = await Weir.open(lmdb(folder))
  const target = topic('bytes', { key: bytes, value: bytes, partitions: 8 })
  const producer = await weir.producer(target)
  const pool = byteRecords()
  const records = function* () {
    for (let sent = 0; sent < count; sent++) yield pool[sent % pool.length]!
  }
  const consume = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let seen = 0
      weir
        .topic(target)
        .from('earliest')
        .toEnd()
        .subscribe({
          next: () => void seen++,
          error: reject,
          complete: () => (seen === count ? resolve() : reject(new Error(`consumed ${seen} of ${count} records`))),
        })
    })
  const stop = watchMemory()
  const appended = await rateOf(count, () => producer.appendAll(records()))
  const consumed = await rateOf(count, consume)
  const memory = stop()
  await weir.close()
  return {
    rates: new Map([
      ['append as bytes', appended],
      ['consume as bytes', consumed],
    ]),
    memoryOf: 'appending and consuming',
    memory,
  }
}

const runJob = async (folder: string, count: number): Promise<Measured> => {
  const weir = await Weir.open(lmdb(folder))
  const source = flightTopic(8)
  await writeFlights(weir, source, count)
  const stop = watchMemory()
  const rate = await rateOf(count, async () => (await weir.run(delayJob(source, delayTopic(8)), { until: 'end' })).done)
  const memory = stop()
  await weir.close()
  return { rates: new Map([['exactly-once job', rate]]), memoryOf: 'a job works off', memory }
}
