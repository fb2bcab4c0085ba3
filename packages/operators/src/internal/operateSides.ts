import type { AttachedOperator, StreamRecord } from '@weir/core'
import { Observable, type Subscriber } from 'rxjs'

/** What an operator with two inputs does with each record, and at the end of the batch before it passes the completion on. */
export interface SidesOperation<K, V, W, K2, R> {
  readonly left: (record: StreamRecord<K, V>, out: Subscriber<StreamRecord<K2, R>>) => void
  readonly right: (record: StreamRecord<K, W>, out: Subscriber<StreamRecord<K2, R>>) => void
  readonly complete?: ((out: Subscriber<StreamRecord<K2, R>>) => void) | undefined
}

/** As `operate` of core, of two inputs: it is complete when both are. */
export const operateSides =
  <K, V, W, K2, R>({ left, right, complete }: SidesOperation<K, V, W, K2, R>): AttachedOperator<K, V, K2, R> =>
  (lefts, rights) =>
    new Observable((out) => {
      let open = 2
      const error = (cause: unknown): void => out.error(cause)
      const end = (): void => {
        if (--open > 0) return
        try {
          complete?.(out)
          out.complete()
        } catch (cause) {
          out.error(cause)
        }
      }
      const sideOf = <A>(next: (record: StreamRecord<K, A>, to: typeof out) => void) => ({
        next: (record: StreamRecord<K, A>) => {
          try {
            next(record, out)
          } catch (cause) {
            out.error(cause)
          }
        },
        error,
        complete: end,
      })
      // not one under the other: a subscription ends with what was added to it, and sides end one by one
      out.add(lefts.subscribe(sideOf(left)))
      out.add(rights.subscribe(sideOf(right)))
    })
