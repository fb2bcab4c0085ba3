import { type Codec, type Job, msgpack, type Topic, Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { type AirportHour, delayJob, delayTopic, flightTopic, rekeyedDelayJob, writeFlights } from './delayJob.ts'
import { median, rateOf } from './measure.ts'
import { row } from './rows.ts'
import { Flight, flightCodec, flights } from './samples.ts'

const partitions = 8

/** An exactly-once job in one worker: typed in, windowed aggregate, typed out; against a loop over the same JSON in memory. */
export const exactlyOnceJob = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 150_000 : 1_000_000
  const rounds = quick ? 1 : 5
  const run = async (name: string, codec: Codec<Flight>, define: typeof delayJob): Promise<number> => {
    const rates: number[] = []
    for (let round = 0; round <= rounds; round++) {
      progress(`${name}: ${count} flights, round ${round} of ${rounds}`)
      rates.push(await runJob(path(`${name}-${round}`), count, codec, define))
    }
    return median(rates.slice(1))
  }
  const inMemory: number[] = []
  const lines = flights(count).map(({ value }) => JSON.stringify(value))
  for (let round = 0; round < rounds; round++) inMemory.push(await rateOf(count, () => aggregateInMemory(lines)))
  const baseline = median(inMemory)
  const keyed = await run('keyed', flightCodec, delayJob)
  const packed = await run('packed', msgpack(), delayJob)
  const rekeyed = await run('rekeyed', flightCodec, rekeyedDelayJob)
  const unit = 'records/s'
  return [
    row({
      name: 'exactly-once job (io-ts JSON in, hourly aggregate, io-ts JSON out), one worker: against a loop in memory',
      value: keyed,
      unit,
      baseline,
      budget: { of: 'value', atLeast: 400_000 },
    }),
    row({ name: 'the same job with MessagePack in', value: packed, unit, baseline }),
    row({ name: 'the same job with keyBy through a repartition topic', value: rekeyed, unit, baseline }),
  ]
}

const runJob = async (
  folder: string,
  count: number,
  codec: Codec<Flight>,
  define: (source: Topic<string, Flight>, sink: Topic<string, AirportHour>) => Job,
): Promise<number> => {
  const weir = await Weir.open(lmdb(folder))
  const source = flightTopic(partitions, codec)
  const sink = delayTopic(partitions)
  await writeFlights(weir, source, count)
  const rate = await rateOf(count, async () => (await weir.run(define(source, sink), { until: 'end' })).done)
  let counted = 0
  for await (const result of weir.topic(sink).from('earliest').toEnd()) {
    if (result._tag === 'Record') counted += result.value.flights
  }
  await weir.close()
  if (counted !== count) throw new Error(`the results count ${counted} flights; expected ${count}`)
  return rate
}

/** The same computation without a log, state, or commits. */
const aggregateInMemory = (lines: ReadonlyArray<string>): number => {
  const hours = new Map<string, AirportHour>()
  for (const line of lines) {
    const decoded = Flight.decode(JSON.parse(line))
    if (decoded._tag === 'Left') throw new Error('the sample is no flight')
    const { origin, date, delay } = decoded.right
    const hour = Math.floor(date / 3_600_000) * 3_600_000
    const key = `${origin}/${hour}`
    const before = hours.get(key) ?? { origin, hour, flights: 0, delay: 0 }
    hours.set(key, { ...before, flights: before.flights + 1, delay: before.delay + delay })
  }
  let bytes = 0
  for (const result of hours.values()) bytes += JSON.stringify(result).length
  return bytes
}
