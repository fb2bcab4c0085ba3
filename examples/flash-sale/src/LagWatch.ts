import { UnknownGroup, type Weir } from '@weir/core'
import { groups } from './shop.ts'

/** What the shop looked like at one time. */
export interface Sample {
  readonly backends: number
  readonly bookkeeping: number
  readonly notifications: number
  /** What has happened since the sample before: `x` for each process that was killed, `+` and `-` for backends. */
  readonly events: string
}

/** Looks at how far the groups are behind, now and then. */
export class LagWatch {
  readonly samples: Sample[] = []
  readonly #weir: Weir
  #events = ''

  constructor(weir: Weir) {
    this.#weir = weir
  }

  happened(event: 'x' | '+' | '-'): void {
    this.#events += event
  }

  async look(): Promise<Sample> {
    const events = this.#events
    this.#events = ''
    const sample = {
      backends: await this.#lagOf(groups.backends),
      bookkeeping: await this.#lagOf(groups.bookkeeping),
      notifications: await this.#lagOf(groups.notifications),
      events,
    }
    this.samples.push(sample)
    return sample
  }

  /** What has not been read, and what has been and waits. */
  async #lagOf(name: string): Promise<number> {
    try {
      const group = this.#weir.group(name)
      const lags = await group.lag()
      return lags.reduce((sum, { lag }) => sum + lag, await group.waiting())
    } catch (error) {
      if (error instanceof UnknownGroup) return 0
      throw error
    }
  }
}
