import { type Job, type JobFlow, topic, type Topic, utf8, type Window } from '@weir/core'
import { jobDriver, type JobDriver } from '@weir/testing'
import { map, to } from '../../src/index.ts'
import { numbers, type Sent } from './through.ts'

/** Results with their windows: `key [start, end): value`. */
const windows: Topic<string, string> = topic('windows', { key: utf8, value: utf8 })

/** Writes the flow's records to `windows`. */
export const toWindows = <V>(flow: JobFlow<string, V, Window>): Job =>
  flow.pipe(
    map((value, { window }) => `[${window.start}, ${window.end}): ${String(value)}`),
    to(windows),
  )

/** What is in `windows`. */
export const seen = async (driver: JobDriver): Promise<ReadonlyArray<string>> =>
  (await driver.output(windows)).map(({ key, value }) => `${key} ${value}`)

/** Sends records to `numbers` one by one, and gives what is in `windows` then, and what comes at the end. */
export const windowed = async (
  job: Job,
  sent: ReadonlyArray<Sent>,
): Promise<{ readonly atRest: ReadonlyArray<string>; readonly atEnd: ReadonlyArray<string> }> => {
  const driver = await jobDriver(job)
  for (const [key, value, timestamp = 0] of sent) await driver.send(numbers, [{ key, value, timestamp }])
  const atRest = await seen(driver)
  await driver.finish()
  const atEnd = (await seen(driver)).slice(atRest.length)
  await driver.close()
  return { atRest, atEnd }
}
