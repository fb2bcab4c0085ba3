import { Observable, type OperatorFunction, type Subscriber } from 'rxjs'

/** What an operator does with each value, and at the end of the batch before it passes the completion on. */
export interface Operation<A, B> {
  readonly next: (value: A, out: Subscriber<B>) => void
  readonly complete?: ((out: Subscriber<B>) => void) | undefined
}

/**
 * An RxJS operator of two functions. What they throw becomes the error of the Observable,
 * where RxJS by itself would report an error thrown in a plain observer to nobody in particular.
 */
export const operate =
  <A, B>(operation: Operation<A, B>): OperatorFunction<A, B> =>
  (source) =>
    new Observable<B>((out) =>
      source.subscribe({
        next: (value) => {
          try {
            operation.next(value, out)
          } catch (error) {
            out.error(error)
          }
        },
        error: (error) => out.error(error),
        complete: () => {
          try {
            operation.complete?.(out)
            out.complete()
          } catch (error) {
            out.error(error)
          }
        },
      }),
    )
