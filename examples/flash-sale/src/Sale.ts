import { setTimeout as wait } from 'node:timers/promises'
import type { StorageProvider, Weir } from '@weir/core'
import { halfMessages } from '@weir/messaging'
import { audit, type Check } from './audit.ts'
import { Books } from './Books.ts'
import { booksIn } from './folders.ts'
import { LagWatch, type Sample } from './LagWatch.ts'
import { countOf, readLedger } from './ledger.ts'
import { type Asked, load } from './load.ts'
import { Staff } from './Staff.ts'
import { answers, cartClearings, expiredPurchases, notices, orders, purchases, sales } from './shop.ts'

/** How big a sale is. */
export interface SaleSettings {
  readonly durationMs: number
  readonly requestsPerSecond: number
  /** How many processes are killed while it goes on. */
  readonly kills: number
}

const sampleMs = 250
const followWithinMs = 30_000

/** A flash sale: open, sell, let the followers come to their end, check. */
export class Sale {
  readonly asked: Asked[] = []
  /** The names of the processes that were killed. */
  readonly killed: string[] = []
  readonly #weir: Weir
  readonly #storage: StorageProvider
  readonly #folder: string
  readonly #settings: SaleSettings
  readonly #signal: AbortSignal
  readonly #watch: LagWatch
  #staff: Staff | undefined

  constructor(weir: Weir, storage: StorageProvider, folder: string, settings: SaleSettings, signal: AbortSignal) {
    this.#weir = weir
    this.#storage = storage
    this.#folder = folder
    this.#settings = settings
    this.#signal = signal
    this.#watch = new LagWatch(weir)
  }

  get samples(): ReadonlyArray<Sample> {
    return this.#watch.samples
  }

  async open(): Promise<void> {
    this.#staff = await Staff.open(this.#storage, this.#folder, this.#signal)
  }

  /** Buyers come; processes are killed; after a third of the time another backend joins, and at two thirds one leaves. */
  async sell(onProgress: (sample: Sample) => void): Promise<void> {
    const staff = this.#staff!
    const { durationMs, requestsPerSecond } = this.#settings
    let isOver = false
    const options = { ports: await staff.ports(), requestsPerSecond, durationMs, signal: this.#signal }
    const loading = load({ ...options, onAsked: (asked) => this.asked.push(asked) }).finally(() => (isOver = true))
    const plan = this.#plan(staff)
    const begin = performance.now()
    const watching = async (): Promise<void> => {
      while (!isOver) {
        const elapsed = performance.now() - begin
        while (plan[0] !== undefined && plan[0].at <= elapsed) await plan.shift()!.act()
        onProgress(await this.#watch.look())
        await wait(sampleMs)
      }
    }
    await Promise.all([loading, watching()])
    this.#signal.throwIfAborted()
    await staff.closeGateways()
  }

  /** Waits until everything that follows from the purchases is there, though not longer than half a minute. */
  async follow(onProgress: (sample: Sample) => void): Promise<void> {
    const deadline = performance.now() + followWithinMs
    while (!this.#isFollowed() && performance.now() < deadline) {
      this.#signal.throwIfAborted()
      onProgress(await this.#watch.look())
      await wait(sampleMs)
    }
    // whoever does something twice has the time for it
    await wait(sampleMs)
    await this.close()
  }

  async check(): Promise<ReadonlyArray<Check>> {
    const books = new Books(booksIn(this.#folder))
    try {
      return audit(this.asked, await readLedger(this.#weir), books.orders())
    } finally {
      books.close()
    }
  }

  async close(): Promise<void> {
    await this.#staff?.close()
    this.#staff = undefined
  }

  #isFollowed(): boolean {
    const count = (...topics: ReadonlyArray<{ readonly name: string }>): number =>
      countOf(
        this.#weir,
        topics.map(({ name }) => name),
      )
    return (
      count(purchases) === count(answers, expiredPurchases) &&
      count(notices) === count(orders) &&
      count(sales) === count(orders) &&
      count(cartClearings) === count(orders) &&
      halfMessages(this.#weir).pending(1).length === 0
    )
  }

  #plan(staff: Staff): Array<{ readonly at: number; readonly act: () => unknown }> {
    const { durationMs, kills } = this.#settings
    const kill = (): void => {
      const name = staff.killOne()
      if (name === undefined) return
      this.killed.push(name)
      this.#watch.happened('x')
    }
    const join = async (): Promise<void> => {
      await staff.join()
      this.#watch.happened('+')
    }
    const leave = (): void => {
      staff.leave()
      this.#watch.happened('-')
    }
    return [
      { at: durationMs / 3, act: join },
      { at: (durationMs * 2) / 3, act: leave },
      // one random moment in each of so many equal parts
      ...Array.from({ length: kills }, (_, part) => ({ at: ((part + Math.random()) / kills) * durationMs, act: kill })),
    ].sort((a, b) => a.at - b.at)
  }
}
