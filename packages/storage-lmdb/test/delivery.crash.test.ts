import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytes, type Delivery, entry, int32, nullable, topic, utf8, Weir } from '@weir/core'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { runFixture } from './child.ts'
import { temporaryFolder } from './temporaryFolder.ts'
import { expectHealthy } from './support/expectHealthy.ts'

vi.setConfig({ testTimeout: 180_000 })

const numbers = topic('numbers', { key: utf8, value: int32, partitions: 2 })
const done = topic('done', { key: utf8, value: int32 })
const count = 2_000
const kills = 4
const keyOf = (value: number): string => `k${value % 40}`

const removes: Array<() => void> = []
afterAll(() => removes.forEach((remove) => remove()))

interface Found {
  /** The numbers in `done`, in order. */
  readonly sent: ReadonlyArray<number>
  /** How many attempts have begun, by number. */
  readonly begun: ReadonlyMap<number, number>
  readonly deadLetters: number
}

/** Lets a process handle all numbers, which is killed again and again, and then one that comes to their end. */
const handleUnderKills = async (delivery: Delivery): Promise<Found> => {
  const { path, remove } = temporaryFolder()
  removes.push(remove)
  const log = join(path, `${delivery}.log`)
  const folder = join(path, 'data')
  const weir = await Weir.open(lmdb(folder))
  await weir.append(...Array.from({ length: count }, (_, value) => entry(numbers, keyOf(value), value)))
  for (let kill = 0; kill < kills; kill++) {
    const child = runFixture('handler', [folder, delivery, log])
    // later each time, and while at least one attempt is under way
    for (let slow = 0, from = 0; slow <= kill; slow++) {
      await child.line('slow', from)
      from = child.lines.indexOf('slow', from) + 1
    }
    child.kill('SIGKILL')
    await child.exited
  }
  await runFixture('handler', [folder, delivery, log]).line('ended')
  const sent: number[] = []
  for await (const record of weir.topic(done).from('earliest').toEnd()) {
    if (record._tag === 'Record') sent.push(record.value)
  }
  const begun = new Map<number, number>()
  for (const line of readFileSync(log, 'utf8').trim().split('\n')) {
    begun.set(Number(line), (begun.get(Number(line)) ?? 0) + 1)
  }
  const dead = topic('work-dead-letters', { key: nullable(bytes), value: nullable(bytes) })
  const info = weir.topics().find(({ name }) => name === dead.name)
  const deadLetters = info === undefined ? 0 : weir.storage.bounds(info.firstPartition).end
  await weir.close()
  await expectHealthy(folder)
  return { sent, begun, deadLetters }
}

const ascending = (values: Iterable<number>): ReadonlyArray<number> => [...values].sort((a, b) => a - b)
const all = Array.from({ length: count }, (_, value) => value)

describe.concurrent('a handler killed with SIGKILL again and again', () => {
  test('sends everything exactly once, by key in order, with exactly-once', async () => {
    const { sent, begun, deadLetters } = await handleUnderKills('exactly-once')
    expect(ascending(sent)).toEqual(all)
    for (let key = 0; key < 40; key++) {
      const ofKey = sent.filter((value) => keyOf(value) === `k${key}`)
      expect(ofKey).toEqual(ascending(ofKey))
    }
    expect(ascending(begun.keys())).toEqual(all)
    // the kills did strike attempts: those of records that never fail have begun again
    expect([...begun].some(([value, times]) => value % 9 !== 4 && times > 1)).toBe(true)
    expect(deadLetters).toBe(0)
  })

  test('loses nothing, and may repeat, with at-least-once', async () => {
    const { sent, begun, deadLetters } = await handleUnderKills('at-least-once')
    expect(ascending(new Set(sent))).toEqual(all)
    expect(ascending(begun.keys())).toEqual(all)
    expect([...begun].some(([value, times]) => value % 9 !== 4 && times > 1)).toBe(true)
    expect(deadLetters).toBe(0)
  })

  test('begins nothing twice, and may lose, with at-most-once', async () => {
    const { sent, begun } = await handleUnderKills('at-most-once')
    expect(Math.max(...begun.values())).toBe(1)
    expect(new Set(sent).size).toBe(sent.length)
    // those that fail at first are not tried again
    const lost = all.filter((value) => value % 9 !== 4).length - sent.length
    expect(lost).toBeGreaterThan(0)
    // no more than what was under way in the two partitions at each kill
    expect(lost).toBeLessThanOrEqual(kills * 2 * 20)
  })
})
