import { type DriverOptions, jobDriver, type JobDriver } from '@weir/testing'
import {
  bytes,
  CompletableFuture,
  handle,
  type Handler,
  type HandlerOptions,
  int32,
  job,
  nullable,
  topic,
  utf8,
} from '@weir/core'

export const orders = topic('orders', { key: utf8, value: int32 })
export const results = topic('results', { key: utf8, value: int32 })
export const deadLetters = topic('dead', { key: nullable(bytes), value: nullable(bytes) })

/** A job of one handler over `orders`, with `results` to send to and `dead` for what is given up. */
const handling = (
  handler: Handler<string, number>,
  options: HandlerOptions<string, number> = {},
): ReturnType<typeof job> =>
  job('shop')
    .from(orders)
    .pipe(handle(handler, { deadLetter: deadLetters, outputs: [results], ...options }))

export const drive = (
  handler: Handler<string, number>,
  options?: HandlerOptions<string, number>,
  driverOptions?: DriverOptions,
): Promise<JobDriver> => jobDriver(handling(handler, options), driverOptions)

/** Records as `[key, value]`. */
export const sendAll = async (driver: JobDriver, records: ReadonlyArray<readonly [string, number]>): Promise<void> => {
  await driver.send(
    orders,
    records.map(([key, value]) => ({ key, value, timestamp: 0 })),
  )
}

/** What is committed in `results`: `key value`. */
export const sent = async (driver: JobDriver): Promise<ReadonlyArray<string>> =>
  (await driver.output(results)).map(({ key, value }) => `${key} ${value}`)

/** The keys of what was given up. */
export const given = async (driver: JobDriver): Promise<ReadonlyArray<Readonly<Record<string, string>>>> =>
  (await driver.output(deadLetters)).map(({ headers }) => ({ ...headers }))

/** A future that the test completes, the last of these. */
export const openedIn = (futures: Array<CompletableFuture<void>>): CompletableFuture<void> => {
  const future = new CompletableFuture<void>()
  futures.push(future)
  return future
}
