import { int32, job, murmur2Partitioner, topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { expect, test } from 'vitest'
import { count, keyBy, recordTimestamps, session, sliding, tumbling, type Windows } from '../src/index.ts'
import { late } from './support/through.ts'
import { seen, toWindows } from './support/windowed.ts'

const halves = topic('halves', { key: utf8, value: int32, partitions: 2 })

/** Keys of the two partitions. */
const [talking, silent] = [0, 1].map((partition) =>
  'abcdefgh'.split('').find((key) => murmur2Partitioner(utf8.encode(key), 2, 0) === partition)!,
) as [string, string]

const windows: ReadonlyArray<readonly [Windows, string]> = [
  [tumbling(10), 'all [0, 10): 1'],
  [sliding(10), 'all [-5, 6): 1'],
  [session(10), 'all [5, 6): 1'],
]

test.each(windows.flatMap(([window, first]) => [false, true].map((restarts) => ({ window, first, restarts }))))(
  'a record for a window that closed without its silent partition is late, and opens none: %o',
  async ({ window, first, restarts }) => {
    const driver = await jobDriver(
      toWindows(
        job('j')
          .from(halves, recordTimestamps({ idleAfterMs: 1_000 }))
          .pipe(
            keyBy(() => 'all'),
            count('c', { window, late }),
          ),
      ),
    )
    const send = (key: string, timestamp: number) => driver.send(halves, [{ key, value: timestamp, timestamp }])
    await send(talking, 5)
    await send(talking, 500)
    // key b has the other partition, which is silent
    await driver.advance(10_000)
    expect((await seen(driver))[0]).toBe(first)
    if (restarts) {
      driver.crash()
      await driver.restart()
    }
    await send(silent, 6)
    await driver.finish()
    expect((await driver.output(late)).map(({ value }) => value)).toEqual([6])
    expect((await seen(driver)).filter((line) => line === first)).toHaveLength(1)
    await driver.close()
  },
)
