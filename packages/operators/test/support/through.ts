import { int32, type Job, type Topic, topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'

/** Numbers by key, in one partition, so that their order is the order of the results. */
export const numbers: Topic<string, number> = topic('numbers', { key: utf8, value: int32 })
export const results: Topic<string, number> = topic('results', { key: utf8, value: int32 })
export const texts: Topic<string, string> = topic('texts', { key: utf8, value: utf8 })
export const late: Topic<string, number> = topic('late', { key: utf8, value: int32 })

/** A record: its key and value; its time in ms, 0 when left out. */
export type Sent = readonly [key: string, value: number, timestamp?: number]

/** Sends records to `numbers` one by one, and gives what the job puts into a topic, as `key@timestamp: value`. */
export const through = async <V>(
  job: Job,
  into: Topic<string, V>,
  sent: ReadonlyArray<Sent>,
): Promise<ReadonlyArray<string>> => {
  const driver = await jobDriver(job)
  for (const [key, value, timestamp = 0] of sent) await driver.send(numbers, [{ key, value, timestamp }])
  const found = await driver.output(into)
  await driver.close()
  return found.map(({ key, value, timestamp }) => `${key}@${timestamp}: ${String(value)}`)
}

/** As `through`, with all records in one batch. */
export const throughAtOnce = async <V>(
  job: Job,
  into: Topic<string, V>,
  sent: ReadonlyArray<Sent>,
): Promise<ReadonlyArray<string>> => {
  const driver = await jobDriver(job)
  await driver.send(
    numbers,
    sent.map(([key, value, timestamp = 0]) => ({ key, value, timestamp })),
  )
  const found = await driver.output(into)
  await driver.close()
  return found.map(({ key, value, timestamp }) => `${key}@${timestamp}: ${String(value)}`)
}
