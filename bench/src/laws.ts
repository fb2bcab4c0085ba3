import { int32, job, topic, utf8 } from '@weir/core'
import { assignTimestamps, count, to, tumbling } from '@weir/operators'
import { arbitraryKey, arbitraryRecords, assertLaw, inputTo, isExactlyOnce, jobDriver } from '@weir/testing'
import fc from 'fast-check'
import type { Bench, Row } from './Benchmark.ts'
import { rateOf } from './measure.ts'
import { row } from './rows.ts'

const clicks = topic('clicks', { key: utf8, value: int32, partitions: 3 })
const counts = topic('counts', { key: utf8, value: int32, partitions: 2 })
const late = topic('late', { key: utf8, value: int32 })

/** A value is a time in ms. */
const windowed = job('windows')
  .from(
    clicks,
    assignTimestamps((at: number) => at, { outOfOrdernessMs: 500 }),
  )
  .pipe(count('by-second', { window: tumbling(1_000), late }), to(counts))

/** Out of order by up to 4 s, so that some are late. */
const input = inputTo(
  clicks,
  arbitraryRecords({
    key: arbitraryKey(4),
    value: fc.constant(0),
    times: { stepMsMax: 1_000, disorderMsMax: 4_000 },
    countMax: 12,
  }).map((records) => records.map((record) => ({ ...record, value: record.timestamp! }))),
)

/** What it costs to test a job: a law of many runs, and tests with the driver. */
export const laws = async ({ quick, progress }: Bench): Promise<ReadonlyArray<Row>> => {
  const numRuns = quick ? 100 : 1_000
  progress(`a law of ${numRuns} runs`)
  const startedAt = performance.now()
  await assertLaw(isExactlyOnce(windowed, { inputs: [input], order: 'byKey' }), { numRuns, seed: 1 })
  const seconds = (performance.now() - startedAt) / 1_000
  const tests = quick ? 100 : 2_000
  progress(`${tests} tests with the driver`)
  const testsPerSecond = await rateOf(tests, async () => {
    for (let index = 0; index < tests; index++) await testOne()
  })
  return [
    row({
      name: `isExactlyOnce of a windowed job, 3 partitions, up to 2 workers: ${numRuns} runs`,
      value: seconds,
      unit: 's',
      budget: { of: 'value', atMost: 10 },
    }),
    row({
      name: 'tests of the same job with the driver: records, a crash, a restart, its end',
      value: testsPerSecond,
      unit: 'tests/s',
      budget: { of: 'value', atLeast: 100 },
    }),
  ]
}

const testOne = async (): Promise<void> => {
  const driver = await jobDriver(windowed)
  await driver.send(clicks, [
    { key: 'a', value: 100 },
    { key: 'b', value: 900 },
  ])
  driver.crash()
  await driver.restart()
  await driver.send(clicks, [{ key: 'a', value: 2_600 }])
  await driver.finish()
  await driver.output(counts)
  await driver.close()
}
