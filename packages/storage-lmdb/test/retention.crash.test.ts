import { type Storage, Weir } from '@weir/core'
import { expect, test, vi } from 'vitest'
import { lmdb } from '../src/index.ts'
import { type Child, runFixture } from './child.ts'
import { ownFolder } from './scene.ts'
import { expectHealthy } from './support/expectHealthy.ts'

vi.setConfig({ testTimeout: 180_000 })

const rounds = Number(process.env['WEIR_CRASH_ROUNDS'] ?? 6)
const unbounded = { recordsMax: 1e9, bytesMax: 1 << 30 }

interface Kept {
  readonly offset: number
  readonly key: string
  readonly value: string | null
}

/** What is kept of a partition; its batches must lie one behind the other, and be as many bytes as are on record. */
const keptIn = async (storage: Storage, partition: number): Promise<ReadonlyArray<Kept>> => {
  const { start, end } = storage.bounds(partition)
  const { batches } = await storage.read(partition, start, unbounded)
  let next = batches[0]?.baseOffset ?? end
  expect(next).toBeLessThanOrEqual(start)
  const kept: Kept[] = []
  for (const batch of batches) {
    expect(batch.baseOffset).toBe(next)
    next = batch.baseOffset + batch.count
    const first = batch.nextKept(Math.max(0, start - batch.baseOffset))
    for (let index = first; index < batch.count; index = batch.nextKept(index + 1)) {
      kept.push({ offset: batch.baseOffset + index, key: batch.keyText(index)!, value: batch.valueText(index) })
    }
  }
  expect(next).toBe(end)
  expect(storage.bytes(partition)).toBe(batches.reduce((sum, { byteLength }) => sum + byteLength, 0))
  return kept
}

const ackedOf = (child: Child): number =>
  Math.max(-1, ...child.lines.filter((line) => line.startsWith('acked ')).map((line) => Number(line.slice(6))))

test('processes that are killed while they compact and trim the same topics lose nothing and tear nothing', async ({
  onTestFinished,
}) => {
  const folder = ownFolder(onTestFinished)
  const random = Math.random
  for (let round = 0; round < rounds; round++) {
    const children = ['a', 'b'].map((name) => runFixture('retaining', [folder, `${round}${name}`]))
    await Promise.all(children.map((child) => child.line('acked 20')))
    for (const child of children) {
      await new Promise((resolve) => setTimeout(resolve, random() * 150))
      child.kill('SIGKILL')
    }
    await Promise.all(children.map((child) => child.exited))

    const weir = await Weir.open(lmdb(folder))
    const { storage } = weir
    const place = (name: string): number => weir.topics().find((info) => info.name === name)!.firstPartition
    const newest = new Map((await keptIn(storage, place('prices'))).map(({ key, value }) => [key, value]))
    children.forEach((child, index) => {
      const acked = ackedOf(child)
      for (let at = 0; at < 20; at++) {
        const value = Number(newest.get(`${round}${'ab'[index]}/${at}`))
        expect(value).toBeGreaterThanOrEqual(acked + at)
        expect(value % 20).toBe(at)
      }
    })
    const events = await keptIn(storage, place('events'))
    const bounds = storage.bounds(place('events'))
    expect(bounds.start).toBeLessThanOrEqual(storage.position('group', place('events')))
    expect(events.map(({ offset }) => offset)).toEqual(events.map((_, index) => bounds.start + index))
    const tasks = storage.bounds(place('tasks'))
    expect((await keptIn(storage, place('tasks'))).length).toBe(Math.min(50, tasks.end))

    // what the killed ones left is compacted by whoever comes
    await weir.retain({ name: 'prices' })
    const kept = await keptIn(storage, place('prices'))
    expect(new Set(kept.map(({ key }) => key)).size).toBe(kept.length)
    for (const [key, value] of newest)
      if (value !== null) expect(kept.find((one) => one.key === key)?.value).toBe(value)
    await weir.close()
    await expectHealthy(folder)
  }
})
