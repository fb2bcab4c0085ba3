import { type DeadLetter, handle, job, noRetry } from '@weir/core'
import { jobDriver } from '@weir/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openWorld } from '../support/world.ts'
import { deadLetters, drive, given, orders, sendAll } from './support.ts'

const fail = (value: number): void => {
  if (value > 0) throw new Error(`broken ${value}`)
}

const twoFailures = [
  ['a', 0],
  ['b', 1],
  ['c', 2],
] as const

describe('onDeadLetter', () => {
  test('hears of each record that is given up: where it was, what it failed with, and where it is now', async () => {
    const heard: DeadLetter[] = []
    const driver = await drive(fail, { retry: noRetry, onDeadLetter: (deadLetter) => void heard.push(deadLetter) })
    await driver.send(orders, [
      { key: 'a', value: 0 },
      { key: 'b', value: 1, id: 'one' },
      { key: 'c', value: 2 },
    ])
    const origin = { group: 'shop', topic: 'orders', partition: 0, attempts: 1, keptIn: 'dead' }
    expect(heard).toEqual([
      { ...origin, offset: 1, id: 'one', cause: new Error('broken 1') },
      { ...origin, offset: 2, id: null, cause: new Error('broken 2') },
    ])
    await driver.close()
  })

  test('hears nothing of a dead letter that a crash takes back', async () => {
    const heard: number[] = []
    let onFailure = (): void => undefined
    const failing = job('shop')
      .from(orders)
      .pipe(
        handle<string, number>(
          () => {
            onFailure()
            throw new Error('broken')
          },
          { retry: noRetry, deadLetter: deadLetters, onDeadLetter: ({ offset }) => void heard.push(offset) },
        ),
      )
    const driver = await jobDriver(failing)
    onFailure = () => driver.crash()
    await sendAll(driver, [['a', 1]]).catch(() => undefined)
    expect([heard, await given(driver)]).toEqual([[], []])
    onFailure = () => undefined
    await driver.restart()
    expect([heard, (await given(driver)).length]).toEqual([[0], 1])
    await driver.close()
  })
})

describe('the first dead letter of a run of a group', () => {
  const warned = (): ReadonlyArray<string> => {
    const texts: string[] = []
    const spy = vi.spyOn(console, 'warn').mockImplementation((text: string) => void texts.push(text))
    onTestFinished(() => spy.mockRestore())
    return texts
  }

  test('is said to the console, with what a terminal would take for a command escaped, and the others are only counted', async () => {
    const texts = warned()
    const world = await openWorld()
    const producer = await world.outcome(world.weir.producer(orders))
    const start = () =>
      world.weir
        .topic(orders)
        .group('shop')
        .process(
          (value) => {
            throw new Error(`\u001b[2J${value}`)
          },
          { retry: noRetry },
        )
    const running = await world.outcome(start())
    for (const [key, value] of twoFailures) await world.outcome(producer.append(key, value))
    await world.clock.settle()
    expect(texts).toEqual([
      "group 'shop' gave up the record at offset 0 of 'orders', partition 0, after 1 attempt: Error: \\u001b[2J0. It is kept in " +
        "topic 'shop-dead-letters'. Those that follow in this run are only counted, as deadLettered; onDeadLetter hears of each.",
    ])
    expect(running.count('deadLettered')).toBe(3)
    await world.outcome(running.stop())
    await world.outcome(producer.append('a', 3))
    await world.outcome(start())
    await world.clock.settle()
    expect(texts.slice(1)).toEqual([expect.stringContaining('at offset 3')])
    await world.outcome(world.weir.close())
  })

  test('is not said to the console where onDeadLetter hears of it', async () => {
    const texts = warned()
    const world = await openWorld()
    const heard: number[] = []
    const producer = await world.outcome(world.weir.producer(orders))
    await world.outcome(producer.append('a', 1))
    const options = { retry: noRetry, onDeadLetter: ({ offset }: DeadLetter) => void heard.push(offset) }
    await world.outcome(world.weir.topic(orders).group('shop').process(fail, options))
    await world.clock.settle()
    expect([heard, texts]).toEqual([[0], []])
    await world.outcome(world.weir.close())
  })
})
