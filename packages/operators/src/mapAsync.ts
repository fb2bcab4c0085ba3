import { type Codec, InvalidOption, type Operator, type StreamRecord, type WindowOrNone } from '@weir/core'
import { requireFunction, requireInteger } from '@weir/core/protocol'
import { Observable } from 'rxjs'
import { AsyncCalls } from './internal/AsyncCalls.ts'
import { namedOperator, requireOptions } from './internal/requireOptions.ts'

/** How asynchronous calls are made. */
export interface MapAsyncOptions<B> {
  /** So many calls of a task are under way at once; 16 by default. */
  readonly concurrencyMax?: number
  /**
   * - `input` (the default): results are given on in the order of the records, whenever their calls end.
   * - `key`: so too, and the calls of a key are made one after the other. The records of a key are brought together before.
   * - `none`: results are given on as their calls end; that is another order in each run.
   */
  readonly order?: CallOrder
  /** A call that takes longer has failed, and is cancelled if it is a `CompletableFuture`; no limit by default. */
  readonly attemptMsMax?: number
  /** Used where the results have to travel through a repartition topic; MessagePack by default. */
  readonly codec?: Codec<B>
}

/** What is kept in order. */
export type CallOrder = 'input' | 'key' | 'none'

/**
 * Gives each record the value that a call makes of it in its own time: a look-up in a service, a query, a file.
 *
 * A batch is complete when all its calls are, so positions never run ahead of them. After a crash the calls of a batch that was
 * not committed are made again: their effects outside are at least once, their results are given on exactly once. When the
 * run stops, calls under way may end within `drainWithinMs`, and no others begin after that. A batch that waits holds back
 * event time as well, so a bound on each call (`attemptMsMax`) is a bound on how far results are behind.
 *
 * A call that fails sets its record aside, as code that throws does: the batch begins anew without it.
 *
 * @param name - of the topic that brings the records of a key together, if one is needed for the order; stable, and unique in the job
 * @param project - gives a promise, a `CompletableFuture` or the value itself
 * @throws InvalidName, InvalidOption
 * @example
 * import { job, topic, utf8 } from '@weir/core'
 * import { jobDriver } from '@weir/testing'
 *
 * const cities = topic('cities', { key: utf8, value: utf8 })
 * const named = topic('named', { key: utf8, value: utf8 })
 * const airportOf = async (city: string) => ({ Atlanta: 'ATL', Denver: 'DEN' })[city] ?? '???'
 *
 * const driver = await jobDriver(job('named').from(cities).pipe(mapAsync('airport', airportOf, { concurrencyMax: 8 }), to(named)))
 * await driver.send(cities, ['Denver', 'Atlanta'].map((value) => ({ key: 'k', value })))
 * const found = await driver.output(named)
 * found.map(({ value }) => value) // => ['DEN', 'ATL']
 */
export const mapAsync = <K, A, B, W extends WindowOrNone = WindowOrNone>(
  name: string,
  project: (value: A, record: StreamRecord<K, A, W>) => B | PromiseLike<B>,
  options: MapAsyncOptions<B> = {},
): Operator<K, A, K, B, W, W> => {
  const what = namedOperator('mapAsync', name)
  requireFunction(`${what}: project`, project)
  const { concurrencyMax = 16, order = 'input', attemptMsMax, codec } = options
  requireOptions(what, options, ['concurrencyMax', 'order', 'attemptMsMax', 'codec'])
  requireInteger(`${what}: concurrencyMax`, concurrencyMax, 1, 2 ** 20)
  if (attemptMsMax !== undefined) requireInteger(`${what}: attemptMsMax`, attemptMsMax, 1, 2 ** 31 - 1)
  if (!orders.includes(order)) {
    throw new InvalidOption(`${what}: order is ${order}; expected ${orders.join(', ')}`)
  }
  return {
    kind: 'mapAsync',
    name,
    stores: [],
    outputs: [],
    keyed: order === 'key',
    revalues: { value: codec as Codec<unknown> | undefined },
    attach: (context) => (records) =>
      new Observable((out) => {
        const calls = new AsyncCalls(context, { name, project, concurrencyMax, order, attemptMsMax }, out)
        return records.subscribe({
          next: (record) => calls.add(record),
          error: (error) => out.error(error),
          complete: () => calls.end(),
        })
      }),
  }
}

const orders: ReadonlyArray<string> = ['input', 'key', 'none'] satisfies ReadonlyArray<CallOrder>
