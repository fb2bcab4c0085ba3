import * as fc from 'fast-check'
import { CompletableFuture } from '../../../src/future/CompletableFuture.ts'

/** How a future comes to its end: at once or when its turn comes, well or badly. */
export interface Script {
  readonly when: 'now' | 'later'
  readonly how: 'completed' | 'failed'
  readonly with: number
}

export const script: fc.Arbitrary<Script> = fc.record({
  when: fc.constantFrom('now', 'later'),
  how: fc.constantFrom('completed', 'failed'),
  with: fc.integer({ min: 0, max: 9 }),
})

/** A pure function from numbers to scripts. */
export const scriptOf: fc.Arbitrary<(n: number) => Script> = fc.func(script).map((f) => (n) => f(n))

/** A pure function that may throw, which it does with a number. */
export const mayThrow: fc.Arbitrary<(n: number) => number> = fc
  .func(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 9 })))
  .map((f) => (n) => {
    const [throws, result] = f(n)
    if (throws) throw result
    return result
  })

/** Plays scripts: futures that are done later end one by one, in an order that the numbers choose. */
export class Stage {
  readonly #waiting: Array<() => void> = []

  play(plan: Script): CompletableFuture<number> {
    const future = new CompletableFuture<number>()
    const end = (): void =>
      void (plan.how === 'completed'
        ? future.complete(plan.with)
        : future.completeExceptionally(`failure ${plan.with}`))
    if (plan.when === 'now') end()
    else this.#waiting.push(end)
    return future
  }

  finish(choices: ReadonlyArray<number>): void {
    for (let turn = 0; this.#waiting.length > 0; turn += 1) {
      const [end] = this.#waiting.splice((choices[turn % choices.length] ?? 0) % this.#waiting.length, 1)
      end?.()
    }
  }
}

/** The order in which what is done later comes to its end. */
export const order: fc.Arbitrary<ReadonlyArray<number>> = fc.array(fc.nat(9), { minLength: 1, maxLength: 5 })
