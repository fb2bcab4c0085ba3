import { topic, utf8, Weir } from '@weir/core'
import { answer, openRequester } from '@weir/messaging'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { latencies, percentile } from './measure.ts'
import { openRaw, rawKey } from './rawLmdb.ts'
import { row } from './rows.ts'

/**
 * One request after the other, asked and answered in one process: both the request and the reply are durable. Against two
 * `await db.put`, one after the other, which is what the disk takes of it.
 */
export const requestReply = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const raw = openRaw(path('raw'))
  const weir = await Weir.open(lmdb(path('weir')))
  const requests = topic('requests', { key: utf8, value: utf8 })
  const replies = topic('replies', { key: utf8, value: utf8 })
  const answering = await answer(weir, 'answerers', { requests, replies }, (value) => value.toUpperCase())
  const asking = await openRequester(weir, { requests, replies, replyWithinMs: 10_000 })
  const count = quick ? 1_000 : 10_000
  progress(`${count} requests, one after the other`)
  const value = Buffer.from('value')
  let offset = 0
  const { base, head } = await latencies({
    count,
    base: async () => {
      await raw.put(rawKey(0, offset++), value)
      await raw.put(rawKey(0, offset++), value)
    },
    head: () => asking.ask('k', 'value'),
  })
  await asking.close()
  await answering.stop()
  await weir.close()
  await raw.close()
  const name = 'request and reply in one process, both synced, against two raw lmdb puts'
  return [
    row({
      name: `${name}: p50`,
      value: percentile(head, 50),
      unit: 'ms',
      baseline: percentile(base, 50),
      budget: { of: 'value', atMost: 1.5 },
    }),
    row({ name: `${name}: p99`, value: percentile(head, 99), unit: 'ms', baseline: percentile(base, 99) }),
  ]
}
