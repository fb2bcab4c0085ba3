import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Weir } from '@weir/core'
import { lmdb } from '@weir/storage-lmdb'
import type { Bench, Row } from './Benchmark.ts'
import { chance } from './samples.ts'
import { percentile, sleep } from './measure.ts'
import { row } from './rows.ts'
import { signals } from './wakeUpConsumer.ts'

/**
 * One record at a time, at irregular moments: from the call of `append` (so with its sync) until a subscriber in another
 * process has it. Against the same way back and forth as messages between the processes, halved.
 */
export const wakeUp = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const count = quick ? 100 : 1_500
  const warmUp = 50
  const folder = path('weir')
  const weir = await Weir.open(lmdb(folder))
  const producer = await weir.producer(signals)
  const consumer = fork(join(import.meta.dirname, 'wakeUpConsumer.ts'), [folder], { execArgv: [] })
  await next(consumer)
  progress(`${count} records to a subscriber in another process`)
  const pause = chance(7)
  const latencies: number[] = []
  const messages: number[] = []
  for (let number = 0; number < count + warmUp; number++) {
    await sleep(2 + pause() * 8)
    const seen = next(consumer)
    const appended = now()
    void producer.append('signal', String(number))
    latencies.push((await seen) - appended)

    const answered = next(consumer)
    const sent = now()
    consumer.send('ping')
    await answered
    messages.push((now() - sent) / 2)
  }
  const gone = once(consumer, 'exit')
  consumer.send('end')
  await gone
  await weir.close()
  const head = latencies.slice(warmUp)
  const base = messages.slice(warmUp)
  const name = 'append (synced) until a subscriber in another process has the record'
  return [
    row({
      name: `${name}: p50, against an IPC message`,
      value: percentile(head, 50),
      unit: 'ms',
      baseline: percentile(base, 50),
    }),
    row({
      name: `${name}: p99, against an IPC message`,
      value: percentile(head, 99),
      unit: 'ms',
      baseline: percentile(base, 99),
      budget: { of: 'value', atMost: 5 },
    }),
  ]
}

/** What the consumer says next: when it saw a record. */
const next = async (consumer: ChildProcess): Promise<number> => {
  const [seenAt] = (await once(consumer, 'message')) as [number]
  return seenAt
}

/** In ms, on the clock that all processes of a machine share. */
const now = (): number => Number(process.hrtime.bigint()) / 1e6
