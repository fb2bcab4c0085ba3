import { entry, type Weir } from '@weir/core'
import { orders, prices } from './operatorInputs.ts'
import { priced, type Priced } from './operatorJobs.ts'

/** Writes prices and orders while a job looks the one up for the other, and knows what each order may find. */
export class PriceHistory {
  readonly #weir: Weir
  /** All prices that each item has had; none at first. */
  readonly #prices = new Map<string, ReadonlyArray<number | null>>()
  readonly #sent = new Map<string, ReadonlyArray<readonly [item: string, from: number]>>()
  #steps = 0

  constructor(weir: Weir) {
    this.#weir = weir
  }

  /** Changes a price, and sends orders of the item: some at once, and some when everybody can see the price. */
  async step(until: (holds: () => boolean) => Promise<void>): Promise<void> {
    const step = this.#steps++
    const item = `i${step % 7}`
    const price = step % 5 === 4 ? null : step
    const history = [...(this.#prices.get(item) ?? [null]), price]
    this.#prices.set(item, history)
    await this.#weir.append(entry(prices, item, price))
    await this.#order(item, history.length - 2)
    await until(() => (this.#weir.store(priced.job, 'prices').get(item) ?? null) === price)
    await this.#order(item, history.length - 1)
  }

  /** From here on: the place of a price in the history of its item. */
  async #order(item: string, from: number): Promise<void> {
    const entries = ['a', 'b', 'c', 'd'].map((key) => {
      this.#sent.set(key, [...(this.#sent.get(key) ?? []), [item, from]])
      return entry(orders, key, [item, from])
    })
    await this.#weir.append(...entries)
  }

  /** What is wrong with what the orders have found. */
  faultsOf(results: ReadonlyArray<{ readonly key: string; readonly value: unknown }>): ReadonlyArray<string> {
    const faults: string[] = []
    /** By key of the order and item: nobody sees an older price after a newer one. */
    const seen = new Map<string, number>()
    const left = new Map([...this.#sent].map(([key, sent]) => [key, [...sent]]))
    for (const { key, value } of results) {
      const [item, from, price] = value as Priced
      const next = left.get(key)?.shift()
      if (next?.[0] !== item || next[1] !== from)
        faults.push(`${key}: ${item} from ${from} in place of ${next?.join(' from ')}`)
      const least = Math.max(from, seen.get(`${key} ${item}`) ?? 0)
      const found = this.#prices.get(item)!.indexOf(price, least)
      if (found === -1) faults.push(`${key}: ${item} had ${price}, which was over at its place ${least}`)
      seen.set(`${key} ${item}`, found)
    }
    for (const [key, sent] of left) if (sent.length > 0) faults.push(`${key}: ${sent.length} orders are lost`)
    return faults
  }
}
