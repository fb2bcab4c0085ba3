import { CompletableFuture } from '@weir/core'
import type { Bench, Row } from './Benchmark.ts'
import { percentile } from './measure.ts'
import { row } from './rows.ts'

const perSecond = 200_000
const stepMs = 50
const msMax = 130

/** Transfers of two steps of 50 ms each that are due at 200 000 a second, all in one thread; against the same with promises. */
export const transfers = async ({ quick, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const seconds = quick ? 2 : 8
  progress(`${seconds} s of transfers with promises`)
  const base = await offer(seconds, transferWithPromises)
  progress(`${seconds} s of transfers with CompletableFuture`)
  const head = await offer(seconds, transferWithFutures)
  const name = `two-step transfers, 50 ms a step, offered at 200 k/s, through CompletableFuture`
  return [
    row({
      name: `${name}: finished`,
      value: head.rate,
      unit: 'transfers/s',
      baseline: base.rate,
      // a run ends with the last transfer, about 0.1 s after it was due
      budget: { of: 'value', atLeast: Math.floor((perSecond * seconds) / (seconds + msMax / 1000)) },
    }),
    row({
      name: `${name}: p99, against async functions with promises`,
      value: head.p99,
      unit: 'ms',
      baseline: base.p99,
      budget: { of: 'value', atMost: msMax },
    }),
  ]
}

type Transfer = (amount: number, done: () => void) => void

interface Offered {
  readonly rate: number
  readonly p99: number
}

/** Starts transfers when they are due, whatever became of those before, and takes the time from then on. */
const offer = async (seconds: number, transfer: Transfer): Promise<Offered> => {
  const warmUp = perSecond / 2
  const count = warmUp + seconds * perSecond
  const latencies = new Float64Array(count)
  const start = performance.now()
  const due = (number: number): number => start + (number * 1_000) / perSecond
  let next = 0
  let finished = 0
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const until = Math.min(count, Math.floor(((performance.now() - start) * perSecond) / 1_000))
      for (; next < until; next++) {
        const number = next
        transfer(number, () => {
          latencies[number] = performance.now() - due(number)
          if (++finished === count) resolve()
        })
      }
      if (next < count) setTimeout(tick, 1)
    }
    tick()
  })
  const measured = latencies.subarray(warmUp)
  return {
    rate: (measured.length / (performance.now() - due(warmUp))) * 1_000,
    p99: percentile(measured as unknown as ReadonlyArray<number>, 99),
  }
}

const transferWithFutures: Transfer = (amount, done) => {
  slowStep(amount)
    .thenCompose((debited) => slowStep(-debited))
    .thenAccept(done)
}

const slowStep = (amount: number): CompletableFuture<number> => {
  const future = new CompletableFuture<number>()
  setTimeout(() => future.complete(amount), stepMs)
  return future
}

const transferWithPromises: Transfer = (amount, done) => {
  const run = async (): Promise<void> => {
    const debited = await slowPromise(amount)
    await slowPromise(-debited)
    done()
  }
  void run()
}

const slowPromise = (amount: number): Promise<number> =>
  new Promise((resolve) => setTimeout(() => resolve(amount), stepMs))
