import { type Received, topic, utf8, Weir } from '@weir/core'
import { aggregate, to, tumbling } from '@weir/operators'
import { job, json } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import * as t from 'io-ts'
import type { Bench, Row } from './Benchmark.ts'
import { percentile } from './measure.ts'
import { row } from './rows.ts'

const perSecond = 1_000

const Sent = t.type({ number: t.number })
const Counted = t.type({ number: t.number, count: t.number })
const sent = topic('sent', { key: utf8, value: json(Sent), partitions: 4 })
const results = topic('results', { key: utf8, value: json(Counted), partitions: 4 })

/** Gives the aggregate on after each record. */
const counting = job('counting')
  .from(sent)
  .pipe(
    aggregate('counts', {
      window: tumbling(60_000),
      emit: 'update',
      initial: () => ({ number: 0, count: 0 }),
      add: ({ count }, { number }) => ({ number, count: count + 1 }),
    }),
    to(results),
  )

/**
 * Records that are due at 1 000 a second, from the moment each is due until a subscriber has the result that a running job
 * makes of it. A record that is sent late because the ones before it took long counts from when it was due (no coordinated omission).
 */
export const resultLatency = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const seconds = quick ? 2 : 15
  const warmUp = perSecond
  const count = warmUp + seconds * perSecond
  const weir = await Weir.open(lmdb(path('weir')))
  const producer = await weir.producer(sent)
  const running = await weir.run(counting)
  const seen = new Float64Array(count)
  let received = 0
  const allSeen = new Promise<void>((resolve, reject) => {
    weir
      .topic(results)
      .from('earliest')
      .subscribe({
        next: (result: Received<string, t.TypeOf<typeof Counted>>) => {
          if (result._tag !== 'Record') return
          seen[result.value.number] = performance.now()
          if (++received === count) resolve()
        },
        error: reject,
      })
  })

  progress(`${count} records, ${perSecond} a second`)
  const start = performance.now() + 10
  const due = (number: number): number => start + (number * 1_000) / perSecond
  let next = 0
  await new Promise<void>((resolve) => {
    const send = (): void => {
      const now = performance.now()
      for (; next < count && due(next) <= now; next++) void producer.append(`key ${next % 100}`, { number: next })
      if (next < count) setTimeout(send, 1)
      else resolve()
    }
    send()
  })
  await allSeen
  await running.stop()
  await weir.close()

  const latencies = Array.from(seen.subarray(warmUp), (at, index) => at - due(warmUp + index))
  const name = 'append to result visible, through a job, at 1 000 records/s'
  return [
    row({ name: `${name}: p50`, value: percentile(latencies, 50), unit: 'ms', budget: { of: 'value', atMost: 2 } }),
    row({ name: `${name}: p99`, value: percentile(latencies, 99), unit: 'ms', budget: { of: 'value', atMost: 8 } }),
  ]
}
