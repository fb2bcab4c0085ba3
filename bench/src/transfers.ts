import { CompletableFuture } from '@weir/core'
import type { Bench, Row } from './Benchmark.ts'
import { percentile } from './measure.ts'
import { row } from './rows.ts'

const perSecond = 200_000
const stepMs = 50
const msMax = 130

/** Transfers of two steps of 50 ms each that are due at 200 000 a second, all in one thread; against the same with promises. */
export const transfers = async ({ quick, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const seconds = quick ? 1 : 8
  progress(`${seconds} s of transfers with promises`)
  const service = new Service()
  const base = await offer(seconds, transferWithPromises(service))
  progress(`${seconds} s of transfers with CompletableFuture`)
  const head = await offer(seconds, transferWithFutures(service))
  service.close()
  const name = `two-step transfers, 50 ms a step, offered at 200 k/s, through CompletableFuture`
  return [
    row({
      name: `${name}: finished`,
      value: head.rate,
      unit: 'transfers/s',
      baseline: base.rate,
      budget: { of: 'value', atLeast: perSecond * 0.99 },
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
  let firstFinished = 0
  await new Promise<void>((resolve) => {
    const tick = (): void => {
      const until = Math.min(count, Math.floor(((performance.now() - start) * perSecond) / 1_000))
      for (; next < until; next++) {
        const number = next
        transfer(number, () => {
          const now = performance.now()
          latencies[number] = now - due(number)
          if (finished++ === warmUp) firstFinished = now
          if (finished === count) resolve()
        })
      }
      if (next < count) setTimeout(tick, 1)
    }
    tick()
  })
  const measured = latencies.subarray(warmUp)
  return {
    rate: (measured.length / (performance.now() - firstFinished)) * 1_000,
    p99: percentile(measured as unknown as ReadonlyArray<number>, 99),
  }
}

/**
 * Stands for the other side of a step: answers each call 50 ms later, in order, from one timer. A timer for each call would
 * cost more than what is measured.
 */
class Service {
  #answers: Array<() => void> = []
  #due: number[] = []
  #first = 0
  readonly #timer: NodeJS.Timeout = setInterval(() => this.#answer(), 1)

  call(answer: () => void): void {
    this.#answers.push(answer)
    this.#due.push(performance.now() + stepMs)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #answer(): void {
    const now = performance.now()
    let end = this.#first
    while (end < this.#due.length && this.#due[end]! <= now) end++
    const answers = this.#answers.slice(this.#first, end)
    this.#first = end
    if (this.#first > this.#due.length / 2) this.#forgetAnswered()
    for (const answer of answers) answer()
  }

  #forgetAnswered(): void {
    this.#answers = this.#answers.slice(this.#first)
    this.#due = this.#due.slice(this.#first)
    this.#first = 0
  }
}

const transferWithFutures =
  (service: Service): Transfer =>
  (amount, done) => {
    futureStep(service, amount)
      .thenCompose((debited) => futureStep(service, -debited))
      .thenAccept(done)
  }

const futureStep = (service: Service, amount: number): CompletableFuture<number> => {
  const future = new CompletableFuture<number>()
  service.call(() => future.complete(amount))
  return future
}

const transferWithPromises =
  (service: Service): Transfer =>
  (amount, done) => {
    const run = async (): Promise<void> => {
      const debited = await promiseStep(service, amount)
      await promiseStep(service, -debited)
      done()
    }
    void run()
  }

const promiseStep = (service: Service, amount: number): Promise<number> =>
  new Promise((resolve) => service.call(() => resolve(amount)))
