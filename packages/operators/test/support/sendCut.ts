import type { JobDriver } from '@weir/testing'
import { numbers, type Sent } from './through.ts'

/** How records are sent: so many at a time, with a crash behind each time or not. */
export interface Cut {
  readonly cut: number
  readonly crashes: boolean
  /** Each record is sent when the clock has come to its time, which is then that of its processing. */
  readonly byClock?: boolean
}

/** Sends records to `numbers`. */
export const sendCut = async (
  driver: JobDriver,
  sent: ReadonlyArray<Sent>,
  { cut, crashes, byClock = false }: Cut,
): Promise<void> => {
  const records = sent.map(([key, value, timestamp = 0]) => ({ key, value, timestamp }))
  for (let from = 0; from < records.length; from += cut) {
    const some = records.slice(from, from + cut)
    if (!byClock) await driver.send(numbers, some)
    else {
      for (const record of some) {
        await driver.advance(record.timestamp - driver.clock.now())
        await driver.send(numbers, [record])
      }
    }
    if (crashes) driver.crash()
    if (crashes) await driver.restart()
  }
}

/** The same records in the order of their times, which begin at 0 as a clock does. */
export const clockwise = (sent: ReadonlyArray<Sent>): ReadonlyArray<Sent> => {
  const sorted = sent.toSorted(([, , a = 0], [, , b = 0]) => a - b)
  const [, , first = 0] = sorted[0] ?? ['', 0]
  return sorted.map(([key, value, at = 0]) => [key, value, at - first])
}
