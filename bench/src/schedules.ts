import { join } from 'node:path'
import { CompletableFuture, topic, utf8, Weir } from '@weir/core'
import { openSchedules, type Schedules } from '@weir/messaging'
import { lmdb } from '@weir/storage-lmdb'
import { askFresh } from './askFresh.ts'
import type { Bench, Row } from './Benchmark.ts'
import { percentile, sleep } from './measure.ts'
import { watchMemory } from './memory.ts'
import { row } from './rows.ts'

const hourMs = 3_600_000
const chunk = 10_000
const exact = 200
const spacingMs = 10

/** Deliveries that wait in great number, and how late those are that are due meanwhile. */
export const schedules = async ({ quick, path, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const pendingCount = quick ? 10_000 : 1_000_000
  const folder = path('weir')
  const weir = await Weir.open(lmdb(folder))
  const due = topic('due', { key: utf8, value: utf8 })
  const open = await openSchedules(weir)
  await fill(open, due, pendingCount, progress)
  const stopWatching = watchMemory()
  progress(`${pendingCount} wait; ${exact} are due`)
  const latenesses: number[] = []
  const done = new CompletableFuture<void>()
  const subscription = weir.topic(due).subscribe((record) => {
    if (record._tag !== 'Record') return
    latenesses.push(Date.now() - Number(record.value))
    if (latenesses.length === exact) done.complete(undefined)
  })
  for (let number = 0; number < exact; number++) {
    const deliverAtMs = Date.now() + 200
    void open.deliver(due, 'k', String(deliverAtMs), { deliverAtMs })
    await sleep(spacingMs)
  }
  await CompletableFuture.anyOf([done, open.ended])
  subscription.unsubscribe()
  const resident = stopWatching()
  await weir.close()
  progress('the same in a fresh process')
  const reopened = await askFresh<number>(join(import.meta.dirname, 'schedulesReopened.ts'), [folder])
  const name = `delivery at a time, while ${pendingCount / 1_000} k others wait`
  return [
    row({ name: `${name}: late by, p50`, value: percentile(latenesses, 50), unit: 'ms' }),
    row({
      name: `${name}: late by, p99`,
      value: percentile(latenesses, 99),
      unit: 'ms',
      budget: { of: 'value', atMost: 50 },
    }),
    row({ name: `${name}: resident at most`, value: resident.own, unit: 'MB', budget: { of: 'value', atMost: 300 } }),
    row({
      name: `resident of a fresh process with ${pendingCount / 1_000} k deliveries pending, at most`,
      value: reopened,
      unit: 'MB',
      budget: { of: 'value', atMost: 300 },
    }),
  ]
}

const fill = async (
  open: Schedules,
  to: ReturnType<typeof topic<string, string>>,
  count: number,
  progress: (text: string) => void,
): Promise<void> => {
  for (let next = 0; next < count; next += chunk) {
    const deliveries = Array.from({ length: chunk }, (_, index) =>
      open.deliver(to, `k${next + index}`, 'later', { deliverAfterMs: hourMs + ((next + index) % hourMs) }),
    )
    await CompletableFuture.allOf(deliveries)
    progress(`${next + chunk} of ${count} deliveries set`)
  }
  while (open.running.metrics().lag > 0) await sleep(100)
}
