import { topic, utf8, Weir } from '@weir/core'
import { answer, openRequester } from '@weir/messaging'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { percentile } from './measure.ts'
import { row } from './rows.ts'

/** One request after the other, asked and answered in one process: both the request and the reply are durable. */
export const requestReply = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const weir = await Weir.open(lmdb(path('weir')))
  const requests = topic('requests', { key: utf8, value: utf8 })
  const replies = topic('replies', { key: utf8, value: utf8 })
  const answering = await answer(weir, 'answerers', { requests, replies }, (value) => value.toUpperCase())
  const asking = await openRequester(weir, { requests, replies, replyWithinMs: 10_000 })
  const count = quick ? 1_000 : 10_000
  progress(`${count} requests, one after the other`)
  const latencies: number[] = []
  for (let index = 0; index < count; index++) {
    const begin = performance.now()
    await asking.ask('k', 'value')
    latencies.push(performance.now() - begin)
  }
  await asking.close()
  await answering.stop()
  await weir.close()
  const measured = latencies.slice(count / 10)
  const name = 'request and reply in one process, both synced'
  return [
    row({ name: `${name}: p50`, value: percentile(measured, 50), unit: 'ms', budget: { of: 'value', atMost: 1.5 } }),
    row({ name: `${name}: p99`, value: percentile(measured, 99), unit: 'ms' }),
  ]
}
