import { minutes, seconds } from '@weir/core'
import { type JobDriver, jobDriver } from '@weir/testing'
import { expect, onTestFinished, test } from 'vitest'
import { activity, alerts } from '../src/activity.ts'
import { activityOf } from '../src/activityOf.ts'
import { alertLine, expectedAlerts } from '../src/expectedAlerts.ts'
import { fraudJob } from '../src/fraudJob.ts'

const start = async (): Promise<JobDriver> => {
  const driver = await jobDriver(fraudJob)
  onTestFinished(() => driver.close())
  return driver
}

const found = async (driver: JobDriver): Promise<ReadonlyArray<string>> =>
  (await driver.output(alerts)).map(({ key, value, timestamp }) => `${key} ${value.rule} ${value.charge} @${timestamp}`)

const charge = (key: string, id: string, cents: number, timestamp: number) =>
  ({ key, value: { kind: 'charge', id, cents }, timestamp }) as const

test('a large charge within a minute of a small one is suspicious, a minute later it is not', async () => {
  const driver = await start()
  await driver.send(activity, [
    charge('ann', 'a1', 50, 0),
    charge('ann', 'a2', 60_000, minutes(1)),
    charge('bob', 'b1', 50, 0),
    charge('bob', 'b2', 60_000, minutes(1) + 1),
    charge('cat', 'c1', 60_000, minutes(1) + 2),
  ])
  expect(await found(driver)).toEqual(['ann small-then-large a2 @60000'])
})

test('a large charge that nobody confirms is reported when its time is over, also after a crash', async () => {
  const driver = await start()
  await driver.send(activity, [
    charge('ann', 'a1', 150_000, 0),
    charge('ann', 'a2', 150_000, seconds(1)),
    { key: 'ann', value: { kind: 'confirmation', charge: 'a1' }, timestamp: minutes(1) },
  ])
  driver.crash()
  await driver.restart()
  expect(await found(driver)).toEqual([])
  await driver.send(activity, [
    { key: 'ann', value: { kind: 'confirmation', charge: 'a2' }, timestamp: minutes(2) + seconds(1) + 1 },
  ])
  expect(await found(driver)).toEqual(['ann unconfirmed a2 @121000'])
})

test('the job finds what a look at all events finds', async () => {
  const events = activityOf(20_000, 7)
  const driver = await start()
  await driver.send(activity, events)
  await driver.finish()
  const lines = (await driver.output(alerts)).map(({ value }) => alertLine(value.rule, value.charge))
  const expected = expectedAlerts(events)
  expect(expected.filter((line) => line.startsWith('small')).length).toBeGreaterThan(5)
  expect(expected.filter((line) => line.startsWith('unconfirmed')).length).toBeGreaterThan(5)
  expect(lines.toSorted()).toEqual(expected.toSorted())
})
